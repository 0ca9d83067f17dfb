// Counts words: a plugin in JavaScript, without any request.

export const counter = {
  top(text, limit) {
    if (limit === 0) throw "a limit of 0 leaves nothing to tell";
    const tally = new Map();
    for (const word of text.toLowerCase().split(/\s+/u).filter(Boolean)) {
      tally.set(word, (tally.get(word) ?? 0) + 1);
    }
    const ranked = [...tally].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    return ranked.slice(0, limit).map(([word, times]) => ({ word, times }));
  },
};
