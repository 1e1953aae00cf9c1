"use strict";
// An enhancement: without it all is shown, and only the filters, the theme's button and remembered ticks are missing.
(() => {
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // An artefact store may forbid storage: then nothing is remembered, and nothing else is missing.
  const recall = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const remember = (key, value) => { try { localStorage.setItem(key, value); } catch { /* as above */ } };

  const theme = byId("theme");
  const wide = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme || (wide.matches ? "dark" : "light")) === "dark";
  const paint = () => theme.setAttribute("aria-pressed", String(dark()));
  const known = recall("reconciler-theme");
  if (known === "dark" || known === "light") root.dataset.theme = known;
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    remember("reconciler-theme", root.dataset.theme);
    paint();
  });
  wide.addEventListener("change", paint);
  paint();

  for (const time of all("time")) time.title = new Date(time.dateTime).toLocaleString();

  // Read only when somebody filters: a page may hold thousands of changes.
  let read;
  const cards = () => read ||= all(".cards > .card").map((element) => ({
    element,
    words: element.querySelector("h3").textContent.toLowerCase(),
    members: all(".member", element).map((member) => ({ element: member, words: member.textContent.toLowerCase() })),
  }));
  const foldable = ".card:not([hidden]) > details.fields";
  document.querySelector(".tools").hidden = all(foldable).length < 2;
  const foldAll = (open) => all(foldable).forEach((fields) => { fields.open = open; });
  byId("unfold").addEventListener("click", () => foldAll(true));
  byId("fold").addEventListener("click", () => foldAll(false));

  const digest = document.querySelector(".facts .long dd").textContent;
  all(".tasks input").forEach((box, number) => {
    const key = `reconciler-task-${digest}-${number}`;
    box.checked = recall(key) === "done";
    box.addEventListener("change", () => remember(key, box.checked ? "done" : ""));
  });

  const form = byId("filters");
  if (!form) return;
  const find = byId("find");
  const shown = byId("shown");
  const total = shown.textContent;
  const matches = (card, chosen) =>
    Object.entries(chosen).every(([name, values]) =>
      (card.element.dataset[name] || "").split("|").some((value) => values.has(value)));
  // How many changes of a card hold the text: of several that are alike, the others are hidden.
  const found = (card, text) => {
    if (!card.members.length || card.words.includes(text)) {
      for (const member of card.members) member.element.hidden = false;
      return card.words.includes(text) ? card.members.length || 1 : 0;
    }
    const left = card.members.filter((member) => !(member.element.hidden = !member.words.includes(text)));
    return left.length;
  };
  const apply = () => {
    const chosen = {};
    for (const box of all("input:checked", form)) (chosen[box.name] ||= new Set()).add(box.value);
    const text = find.value.trim().toLowerCase();
    let count = 0;
    for (const card of cards()) {
      const number = matches(card, chosen) ? found(card, text) : 0;
      card.element.hidden = !number;
      count += number;
    }
    byId("all").hidden = !text && !Object.keys(chosen).length;
    shown.textContent = !text && !Object.keys(chosen).length ? total : `${count} of ${total} shown`;
  };
  form.hidden = false;
  if (!matchMedia("(min-width: 56rem)").matches) byId("filterbox").open = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  // A browser may bring a form back as it was when the page is opened again.
  if (find.value || form.querySelector("input:checked")) apply();

  // What is linked to must be seen, whatever is filtered.
  const reveal = () => {
    const target = document.querySelector(":target");
    const card = target && target.closest(".card");
    if (!card) return;
    if (card.hidden || target.hidden) form.reset();
    if (target.closest(".members")) target.closest(".members").open = true;
    setTimeout(() => target.scrollIntoView());
  };
  addEventListener("hashchange", reveal);
})();
