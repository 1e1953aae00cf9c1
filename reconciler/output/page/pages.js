"use strict";
// The links of the switch work by themselves: this marks the one that is shown, and keeps all buttons of the theme alike.
(() => {
  const views = [...document.querySelectorAll(".view")];
  const mark = () => {
    const target = document.querySelector(":target");
    const shown = (target && target.closest(".view")) || views[0];
    for (const link of document.querySelectorAll(".switch a")) {
      if (link.getAttribute("href") === `#${shown.id}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    const theme = document.documentElement.dataset.theme;
    if (!theme) return;
    for (const view of views) {
      const button = view.querySelector("[aria-pressed]");
      if (button) button.setAttribute("aria-pressed", String(theme === "dark"));
    }
  };
  addEventListener("hashchange", mark);
  // Only then a browser knows the part that the address leads to.
  addEventListener("load", mark);
  mark();
})();
for (const view of document.querySelectorAll(".view:has(main)")) {
  const whole = globalThis.document;
  // What follows is the script of one plan: it sees the part of its environment alone.
  const document = {
    documentElement: whole.documentElement,
    getElementById: (id) => view.querySelector(`[id="${view.dataset.name}/${id}"]`),
    querySelector: (selector) => view.querySelector(selector),
    querySelectorAll: (selector) => view.querySelectorAll(selector),
  };
