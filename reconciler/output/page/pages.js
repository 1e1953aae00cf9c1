"use strict";
// The links of the switch work by themselves: this marks the one that is shown, and keeps all buttons of the theme alike.
(() => {
  const views = [...document.querySelectorAll(".view")];
  // What several environments share is in the page once: an environment gets its copy when it is shown.
  const fill = (view) => {
    for (const part of view.querySelectorAll("[data-as]")) {
      const from = document.getElementById(part.dataset.as);
      const prefix = part.dataset.as.slice(0, part.dataset.as.indexOf("/") + 1);
      const whole = from.closest(".card, .picture").cloneNode(true);
      for (const each of whole.querySelectorAll("[id]")) {
        if (part.matches(".card")) each.removeAttribute("id");
        else each.id = each.id.replace(prefix, `${view.dataset.name}/`);
      }
      for (const link of whole.querySelectorAll("a")) {
        const href = decodeURIComponent(link.getAttribute("href") || "");
        if (href.startsWith(`#${prefix}`)) link.setAttribute("href", href.replace(prefix, `${view.dataset.name}/`));
      }
      if (part.matches(".card")) {
        part.append(...whole.querySelectorAll(":scope > :is(.said, .fields, .more, .members)"));
        part.classList.remove("brief");
      } else part.replaceChildren(...whole.children);
      part.removeAttribute("data-as");
    }
  };
  const mark = () => {
    const target = document.querySelector(":target");
    const shown = (target && target.closest(".view")) || views[0];
    fill(shown);
    if (target && target.closest("details")) target.closest("details").open = true;
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
