/** Which labels a typed text means, the best first. Pure. */

/** Returns the items whose label holds the text's letters in order; beginnings of words count most. */
export function rank<T extends { label: string }>(items: T[], text: string): T[] {
  return items
    .map((item) => ({ item, score: score(item.label.toLowerCase(), text.trim().toLowerCase()) }))
    .filter(({ score }) => score > 0)
    .sort((left, right) => right.score - left.score)
    .map(({ item }) => item);
}

function score(label: string, text: string): number {
  if (text === "") return 1;
  if (label.startsWith(text)) return 100;
  if (label.includes(` ${text}`)) return 80;
  if (label.includes(text)) return 60;
  let from = 0;
  let starts = 0;
  for (const letter of text) {
    const at = label.indexOf(letter, from);
    if (at < 0) return 0;
    if (at === 0 || label[at - 1] === " ") starts++;
    from = at + 1;
  }
  // Scattered letters are meant only as initials: "nr" for "New run".
  return starts >= Math.min(2, text.length) && starts >= text.length / 2 ? 20 + starts : 0;
}
