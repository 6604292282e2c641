// Version of this build, as metrics and events say it.
import packageFile from '../package.json' with { type: 'json' };

export const BUILD: string = packageFile.version;
