// Pointing at a table leaves of the picture what it is made from and what is made of it, directly.
for (const picture of document.querySelectorAll(".picture")) {
  const tables = [...picture.querySelectorAll(".table")];
  const lines = [...picture.querySelectorAll(".line")];
  const name = (table) => table.dataset.table;
  const follow = (table) => {
    const near = new Set([name(table)]);
    for (const line of lines) {
      const ends = [line.dataset.from, line.dataset.to];
      const isNear = ends.includes(name(table));
      line.classList.toggle("near", isNear);
      if (isNear) ends.forEach((end) => near.add(end));
    }
    tables.forEach((other) => other.classList.toggle("near", near.has(name(other))));
    picture.classList.add("chosen");
  };
  for (const table of tables) {
    table.addEventListener("mouseenter", () => follow(table));
    table.addEventListener("mouseleave", () => picture.classList.remove("chosen"));
  }
}
