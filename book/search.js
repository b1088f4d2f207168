"use strict";

// mdbook's search takes for a word what stands between two spaces, and so finds nothing in Chinese. On Chinese pages this
// looks through the texts of its index instead: for whole words first, then for any two characters that follow each other.
if (document.documentElement.lang.startsWith("zh")) {
  const load = elasticlunr.Index.load;
  elasticlunr.Index.load = stored => {
    const index = load.call(elasticlunr.Index, stored);
    const documents = Object.entries(stored.documentStore.docs);
    index.search = query => find(documents, query.toLowerCase().split(/\s+/));
    return index;
  };

  function find(documents, words) {
    const wanted = words.flatMap(pieces);
    const found = documents.map(([ref, doc]) => ({ ref, doc, score: score(doc, words, wanted) }));
    return found
      .filter(each => each.score > 0)
      .sort((a, b) => b.score - a.score)
      .map(each => ({ ...each, doc: { ...each.doc, body: excerpt(each.doc.body, words, wanted) } }));
  }

  // "wire 完成通知" is wire, 完成, 成通, 通知.
  function pieces(word) {
    return (word.match(/\p{Script=Han}+|[^\p{Script=Han}]+/gu) ?? []).flatMap(run =>
      run.length < 3 || !/\p{Script=Han}/u.test(run) ? [run] : Array.from(run.slice(1), (next, at) => run[at] + next));
  }

  // Nothing, where more than half of the pieces are missing.
  function score(doc, words, wanted) {
    const title = doc.title.toLowerCase(), body = doc.body.toLowerCase();
    const held = wanted.filter(piece => title.includes(piece) || body.includes(piece)).length;
    if (held * 2 <= wanted.length) return 0;
    const whole = words.map(word => 50 * title.includes(word) + Math.min(body.split(word).length - 1, 20));
    return whole.reduce((sum, each) => sum + each, held / wanted.length);
  }

  // Some characters around the first hit. The spaces let mdbook, which marks words, mark the hit.
  function excerpt(body, words, wanted) {
    const lower = body.toLowerCase();
    const at = [...words, ...wanted].map(piece => lower.indexOf(piece)).find(at => at >= 0) ?? 0;
    let text = body.slice(Math.max(at - 30, 0), at + 70);
    for (const word of words) text = text.replaceAll(word, ` ${word} `);
    return text;
  }
}
