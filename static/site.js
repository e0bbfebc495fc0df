// Small comforts; every page works without them.
"use strict";

// "/" goes to the search box.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable], .cm-editor");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const box = document.querySelector("main [data-search]") || document.querySelector("[data-search]");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

// One menu open at a time; Escape or a click elsewhere closes it.
const close = (except) =>
  document.querySelectorAll("details.choice[open]").forEach((menu) => {
    if (menu !== except) menu.open = false;
  });
document.addEventListener("click", (event) => close(event.target.closest("details.choice")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest("details.choice[open]");
  close();
  if (menu) menu.querySelector("summary").focus();
});

// A picture that is gone leaves a note with its description in its place.
const gone = (image) => {
  const note = document.createElement("span");
  note.className = "gone";
  note.textContent = [document.body.dataset.gone, image.alt].filter(Boolean).join(" · ");
  if (image.closest(".thumb")) image.closest(".thumb").remove();
  else image.replaceWith(note);
};
document.addEventListener("error", (event) => {
  if (event.target.matches("main img")) gone(event.target);
}, true);
document.querySelectorAll("main img").forEach((image) => {
  if (image.complete && !image.naturalWidth && image.currentSrc) gone(image);
});

// A citation can be copied by a button.
document.querySelectorAll("[data-copy] .quotable").forEach((text) => {
  const { copy, copied } = text.parentElement.dataset;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = copy;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = copied;
  });
  text.after(button);
});

// Datasette's own fields have no labels, its column menus and buttons only English words; on a
// phone its facets are folded, so that the rows come first.
const inWords = () => {
  const names = JSON.parse(document.getElementById("names")?.textContent || "{}");
  const said = ".dropdown-menu a, datasette-modal :is(a, button, .modal-title, .footer-info)";
  document.querySelectorAll(said).forEach((item) => {
    if (names[item.textContent]) item.textContent = names[item.textContent];
  });
  document.querySelectorAll(".filter-row :is(a, button)[aria-label]").forEach((button) => {
    button.ariaLabel = names[button.ariaLabel] || button.ariaLabel;
    button.title = names[button.title] || button.title;
  });
};
document.addEventListener("click", () => setTimeout(inWords), true); // 1.0 makes a menu anew
addEventListener("load", () => {
  inWords();
  const facets = document.querySelector(".facets");
  if (facets && matchMedia("(max-width: 576px)").matches) facets.open = false;
  document.querySelectorAll(".filters select, .filter-value, .CodeMirror textarea, .cm-content").forEach((field) => {
    const label = field.options ? field.options[0].text : field.name;
    field.setAttribute("aria-label", label || field.name || "SQL");
  });
});

// Leave `_lang` and `_theme` out of the address once the cookie keeps them.
const address = new URL(location);
if (address.searchParams.has("_lang") || address.searchParams.has("_theme")) {
  address.searchParams.delete("_lang");
  address.searchParams.delete("_theme");
  history.replaceState(null, "", address);
}
