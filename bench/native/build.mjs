import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';
import {runNodeGyp} from '../../native/install/build-addon.mjs';
import {provideLibsrtpSource} from '../../native/install/libsrtp-source.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** Compiles what changed of the peers' addon and returns it: `{stock, primitive}`, each `{protect, time}`. */
export async function loadCryptoPeers() {
	await provideLibsrtpSource();
	runNodeGyp(
		['configure', 'build'],
		['--release', '--jobs', 'max', '--directory', folder, '--loglevel', 'error'],
		{},
		'ignore',
	);
	return createRequire(import.meta.url)('./build/Release/crypto-peers.node');
}
