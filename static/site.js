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

// A picture that is gone leaves a line with its description, its address and where a copy may be;
// of a run of blocks that hold nothing else the style sheet shows the first.
const noteOf = (image) => {
  const note = document.createElement("span");
  note.className = "gone";
  note.append([document.body.dataset.gone, image.alt].filter(Boolean).join(" · "));
  const { origin, host } = new URL(image.src, location);
  if (origin === location.origin || image.closest("a")) return note;
  for (const [text, href] of [[host, image.src], [document.body.dataset.archived, `https://web.archive.org/web/2/${image.src}`]]) {
    note.append(" · ", Object.assign(document.createElement("a"), { href, textContent: text, rel: "nofollow noopener noreferrer" }));
  }
  return note;
};
const gone = (image) => {
  const thumb = image.closest(".thumb");
  if (thumb) return thumb.remove();
  const block = image.closest(".prose > *");
  const note = noteOf(image);
  image.replaceWith(note);
  if (!block || block.querySelector("img, video, audio")) return;
  const notes = [...block.querySelectorAll(".gone")].map((each) => each.textContent);
  if (block.textContent.replace(/\s/g, "") === notes.join("").replace(/\s/g, "")) block.classList.add("all-gone");
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

// A long list of names is filtered as one types.
document.querySelectorAll("[data-filter]").forEach((box) => {
  box.hidden = false;
  box.addEventListener("input", () => {
    const wanted = box.value.trim().toLowerCase();
    document.querySelectorAll(box.dataset.filter).forEach((name) => {
      name.hidden = !name.textContent.toLowerCase().includes(wanted);
    });
  });
});

// The editor of SQL that Datasette makes of a text field keeps its name.
addEventListener("load", () => {
  document.querySelectorAll(".CodeMirror textarea, .cm-content").forEach((field) => {
    field.setAttribute("aria-label", "SQL");
  });
});

// Leave `_lang` and `_theme` out of the address once the cookie keeps them.
const address = new URL(location);
if (address.searchParams.has("_lang") || address.searchParams.has("_theme")) {
  address.searchParams.delete("_lang");
  address.searchParams.delete("_theme");
  history.replaceState(null, "", address);
}
