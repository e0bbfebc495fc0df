// As one types: titles, sources and tags that begin or continue so. Without script the form works.
const box = document.querySelector("[data-suggest]");
const list = document.getElementById("suggestions");
let waiting;
box?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const answer = await fetch(`${box.dataset.suggest}?q=${encodeURIComponent(box.value)}`);
    const [typed, found] = answer.ok ? await answer.json() : [box.value, []];
    if (typed !== box.value) return;
    list.replaceChildren(...found.map((text) => Object.assign(document.createElement("option"), { value: text })));
  }, 200);
});
