// npm's install script: libsrtp's source, then the addon. `--rebuild` builds even if nothing changed, `--debug` builds
// without optimisation.
import {parseArgs} from 'node:util';
import {buildAddon} from './build-addon.mjs';
import {InstallFailure} from './failure.mjs';
import {provideLibsrtpSource} from './libsrtp-source.mjs';

const {values: options} = parseArgs({
	options: {rebuild: {type: 'boolean', default: false}, debug: {type: 'boolean', default: false}},
});

try {
	await provideLibsrtpSource();
	buildAddon(options);
} catch (error) {
	if (!(error instanceof InstallFailure)) {
		throw error;
	}

	console.error(`sallyport: ${error.message}`);
	process.exitCode = 1;
}
