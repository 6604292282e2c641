// Dark or light, before the first paint: what was chosen here, else what the system prefers.
(() => {
  const chosen = localStorage.getItem('theme');
  const prefersLight = matchMedia('(prefers-color-scheme: light)').matches;
  document.documentElement.dataset.theme = chosen ?? (prefersLight ? 'light' : 'dark');
})();
