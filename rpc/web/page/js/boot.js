// Lets the browser paint the page before it loads the other scripts.
let begun = false;
function start() {
  if (begun) return;
  begun = true;
  import("./main.js");
}
if (document.visibilityState === "visible") {
  new PerformanceObserver(start).observe({ type: "paint", buffered: true });
  setTimeout(start, 250); // in case the browser does not report paints
} else {
  start();
}
