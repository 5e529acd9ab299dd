// Pictures of figures, for slides: by a button beside each, and for the command line, which opens the page in a browser.

// On the ground of the page, not on none: a slide may be dark where the page is light.
function onItsGround(figure) {
  const ground = getComputedStyle(document.body).backgroundColor;
  const bare = (color) => !color || /^(transparent|rgba\(.*, ?0\))$/.test(color.replaceAll(" ", ""));
  const layout = { ...figure.layout };
  if (bare(layout.paper_bgcolor) && layout.paper_bgcolor) layout.paper_bgcolor = bare(ground) ? "white" : ground;
  return { data: figure.data, layout };
}

const SCALE = { png: 2, svg: 1 }; // points a pixel, for large screens
const pictureSize = (figure) => ({ width: figure._fullLayout.width, height: figure._fullLayout.height });

// What a figure is called: by its place on the page, where it has a name there.
const nameOfFigure = (figure) => figure.dataset.letter || (/^[0-9a-f]{8}-/.test(figure.id) ? "" : figure.id);

function pictureButtons() {
  const page = decodeURIComponent(location.pathname).split("/").pop().replace(/\.html?$/, "") || "figure";
  return ["png", "svg"].map((format) => ({
    name: format, title: `Save as ${format.toUpperCase()}`, icon: format === "png" ? Plotly.Icons.camera : Plotly.Icons.disk,
    click: (figure) => Plotly.downloadImage(onItsGround(figure), { format, ...pictureSize(figure), scale: SCALE[format],
      filename: [page, nameOfFigure(figure)].filter(Boolean).join("-") }),
  }));
}

// All figures that the page shows, as [name, data URL] in JSON; null while it is still being drawn.
async function allPictures(format) {
  const { ready } = document.documentElement.dataset;
  const places = [...document.querySelectorAll("figure, .js-plotly-plot")].filter((each) => each.offsetParent !== null);
  if (document.readyState !== "complete" || ready === "no" || !places.length) return null;
  if (places.some((each) => !each._fullLayout)) return null;
  const made = places.map(async (figure) =>
    [nameOfFigure(figure), await Plotly.toImage(onItsGround(figure), { format, ...pictureSize(figure), scale: SCALE[format] })]);
  return JSON.stringify(await Promise.all(made));
}
