// Finds Actions as `cumulua actions WORDS` does: a word in the name weighs most, then the vendor's term, the summary, the parameters.
"use strict";
(() => {
  const box = document.getElementById("search");
  const found = document.getElementById("found");
  const main = document.querySelector("main");
  const entries = window.cumuluaIndex.map((entry) => ({
    ...entry,
    name: entry.n.toLowerCase(),
    own: entry.n.slice(entry.n.lastIndexOf(".") + 1).toLowerCase(),
    summary: entry.s.toLowerCase(),
    words: entry.w.toLowerCase(),
  }));

  const weight = (entry, word) => {
    if (entry.own === word || entry.name === word) return 100;
    if (entry.name.includes(word)) return 50 + Math.max(0, 40 - entry.own.length) / 4;
    if (entry.t.includes(word)) return 40;
    if (entry.summary.includes(word)) return 20;
    return entry.words.includes(word) ? 5 : 0;
  };

  const search = (text) => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const ranked = [];
    for (const entry of words.length ? entries : []) {
      const weights = words.map((word) => weight(entry, word));
      if (weights.every(Boolean)) ranked.push([weights.reduce((a, b) => a + b), entry]);
    }
    return ranked.sort((a, b) => b[0] - a[0]).map(([, entry]) => entry);
  };

  const show = () => {
    const text = box.value.trim();
    const hits = search(text);
    found.replaceChildren(...hits.slice(0, 60).map((entry) => {
      const link = document.createElement("a");
      link.href = entry.n + ".html";
      link.textContent = entry.n;
      const item = document.createElement("li");
      item.append(link, " " + entry.t, document.createElement("br"), entry.s);
      return item;
    }));
    if (text && !hits.length) found.textContent = "Nothing found.";
    found.hidden = !text;
    main.hidden = Boolean(text);
  };

  box.addEventListener("input", show);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") found.querySelector("a")?.click();
    if (event.key === "Escape") {
      box.value = "";
      show();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== box) {
      event.preventDefault();
      box.focus();
    }
  });
  // A browser that goes back restores the box's text.
  window.addEventListener("pageshow", show);
})();
