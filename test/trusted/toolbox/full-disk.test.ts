import {mkdirSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {Toolbox} from '#dist/trusted/toolbox/index.js';
import {makeWorld} from './support/world.js';

test('what cannot be audited is refused, and the toolbox lives on', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	mkdirSync(world.folder('full'));
	symlinkSync('/dev/full', join(world.folder('full'), 'audit.log'));
	const toolbox = await Toolbox.open(world.options('full', world.gateway, {}), {clock: world.clock});
	t.teardown(() => toolbox.close());
	const mint = {kind: 'mint-keys', call: 'c', leg: 'l', suites: ['AEAD_AES_256_GCM']} as const;
	t.like(await toolbox.handle(mint), {verdict: 'refused', code: 'AUDIT_UNAVAILABLE'});
	t.like(await toolbox.redeem({kind: 'relay-ended', call: 'c'}), {ok: false, code: 'AUDIT_UNAVAILABLE'});
	t.like(await toolbox.handle({kind: 'read-alerts', afterSequence: 0, limit: 10}), {verdict: 'alerts'});
});
