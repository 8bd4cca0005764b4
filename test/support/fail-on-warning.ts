// Preloaded into every test process: a warning (deprecation, leaked listener, …) is an uncaught error, so it fails the run.
process.on('warning', (warning) => {
  throw warning;
});
