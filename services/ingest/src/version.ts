// The version that runs, from the package itself.
import packageJson from '../package.json' with { type: 'json' };

export const BUILD: string = packageJson.version;
