// In a static copy no server keeps the reader's theme: the browser does. Loaded before the page is
// drawn, so that a dark page is never light first.
"use strict";
const KEY = "clippings_theme";
const dress = (theme) => { document.documentElement.dataset.theme = theme; };
dress(localStorage.getItem(KEY) || "auto");

addEventListener("DOMContentLoaded", () => {
  const links = [...document.querySelectorAll("[data-choose-theme]")];
  const choose = (theme) => {
    dress(theme);
    document.querySelector("meta[name=color-scheme]").content = theme === "auto" ? "light dark" : theme;
    for (const link of links) {
      if (link.dataset.chooseTheme === theme) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  choose(document.documentElement.dataset.theme);
  for (const link of links) {
    link.closest("details").hidden = false;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      localStorage.setItem(KEY, link.dataset.chooseTheme);
      choose(link.dataset.chooseTheme);
      link.closest("details").open = false;
    });
  }
});
