// Lets the browser paint the page before it fetches the rest of the program.
let begun = false;
function start() {
  if (begun) return;
  begun = true;
  import("./main.js");
}
if (document.visibilityState === "visible") {
  new PerformanceObserver(start).observe({ type: "paint", buffered: true });
  setTimeout(start, 250); // where nothing tells of it
} else {
  start();
}
