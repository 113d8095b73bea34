// What is wrong with a page as it is laid out: arguments are the fewest of contrast, and the fewest pixels of what is tapped.
const [contrast, tap] = arguments, root = document.documentElement, found = [];
if (root.scrollWidth > root.clientWidth) found.push(`${root.scrollWidth} pixels wide in ${root.clientWidth}`);
const channels = text => (text.match(/[\d.]+/g) ?? []).map(Number);
const luminance = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
const ground = element => {
  for (let one = element; one; one = one.parentElement) {
    const colour = channels(getComputedStyle(one).backgroundColor);
    if (colour.length === 3 || colour[3] === 1) return colour;
  }
  return [255, 255, 255];
};
const boxes = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
for (let node = walker.nextNode(); node; node = walker.nextNode()) {
  const element = node.parentElement, text = node.textContent.trim();
  if (!text || !element.checkVisibility() || element.closest('svg, style, script')) continue;
  range.selectNodeContents(node);
  const rects = [...range.getClientRects()].filter(box => box.width > 0.5 && box.height > 0.5);
  if (!rects.length) continue;
  const style = getComputedStyle(element), [light, dark] = [luminance(channels(style.color)), luminance(ground(element))].sort((a, b) => b - a);
  if ((light + 0.05) / (dark + 0.05) < contrast) found.push(`contrast ${((light + 0.05) / (dark + 0.05)).toFixed(2)}: ${text.slice(0, 30)}`);
  if (parseFloat(style.fontSize) < 11 && !element.closest('sup')) found.push(`${style.fontSize}: ${text.slice(0, 30)}`);
  for (let one = element; one && one !== document.body; one = one.parentElement) {
    const clips = getComputedStyle(one);
    if (clips.overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1) { found.push(`cut: ${text.slice(0, 30)}`); break; }
  }
  // Letters fill about two thirds of the height of their line.
  for (const box of rects) {
    if (box.left < -1 || box.right > root.clientWidth + 1) found.push(`beyond the screen: ${text.slice(0, 30)}`);
    if (!element.closest('sup')) boxes.push([box.left, box.top + scrollY + box.height / 5, box.right, box.bottom + scrollY - box.height / 5, text]);
  }
}
boxes.sort((a, b) => a[1] - b[1]);
boxes.forEach((one, at) => {
  for (let next = at + 1; next < boxes.length && boxes[next][1] < one[3]; next++) {
    const other = boxes[next];
    if (Math.min(one[2], other[2]) - Math.max(one[0], other[0]) > 1 && Math.min(one[3], other[3]) - Math.max(one[1], other[1]) > 1)
      found.push(`overlap: ${one[4].slice(0, 30)} | ${other[4].slice(0, 30)}`);
  }
});
for (const drawing of document.querySelectorAll('svg')) {
  if (!drawing.checkVisibility()) continue;
  const scale = drawing.getBoundingClientRect().width / (drawing.viewBox.baseVal.width || drawing.getBoundingClientRect().width);
  for (const text of drawing.querySelectorAll('text')) {
    const box = text.getBoundingClientRect();
    if (parseFloat(getComputedStyle(text).fontSize) * scale < 9) found.push(`small in a drawing: ${text.textContent.slice(0, 30)}`);
    if (box.left < -1 || box.right > root.clientWidth + 1) found.push(`beyond the screen: ${text.textContent.slice(0, 30)}`);
  }
}
for (const link of document.querySelectorAll('a, button')) {
  const box = link.getBoundingClientRect();
  if (link.checkVisibility() && (box.height < tap || box.width < tap)) found.push(`${box.width.toFixed()} by ${box.height.toFixed()} to tap: ${link.textContent.slice(0, 30)}`);
}
return [...new Set(found)];
