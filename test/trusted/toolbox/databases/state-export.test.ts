import {randomBytes} from 'node:crypto';
import test from 'ava';
import {StateDatabase} from '#dist/trusted/toolbox/databases/state-database.js';
import {exportState, importState} from '#dist/trusted/toolbox/databases/state-export.js';
import {StorageKey} from '#dist/trusted/toolbox/databases/storage-key.js';
import {makeWorld} from '../support/world.js';

test('an export goes into other databases, private keys only under a passphrase', async (t) => {
	const world = await makeWorld();
	const [from, to] = [StateDatabase.open(world.folder('from')), StateDatabase.open(world.folder('to'))];
	t.teardown(async () => {
		await from.close();
		await to.close();
		world.dispose();
	});
	const here = {storageKey: new StorageKey(randomBytes(32)), passphrase: 'correct horse'};
	const there = {storageKey: new StorageKey(randomBytes(32)), passphrase: 'correct horse'};
	const identity = {certificate: world.bob.certificatePem, privateKey: world.bob.privateKeyPem};
	from.keys.keep([identity], here.storageKey);
	await from.origins.put('sip:bob@example.com', [
		{address: '192.0.2.7', evidence: 'transport', firstMs: 5, lastMs: 9, count: 2},
	]);

	const plain = JSON.stringify(exportState(from));
	t.notRegex(plain, /PRIVATE KEY/);
	t.like(await importState(to, JSON.parse(plain)), {origins: 1, keys: 0});
	t.is(to.keys.size, 0);
	t.deepEqual(to.origins.get('sip:bob@example.com'), from.origins.get('sip:bob@example.com'));

	const whole = JSON.stringify(exportState(from, here));
	t.regex(whole, /BEGIN ENCRYPTED PRIVATE KEY/);
	t.notRegex(whole, /BEGIN (?:EC |RSA )?PRIVATE KEY/);
	const wrong = importState(to, JSON.parse(whole), {...there, passphrase: 'wrong'});
	await t.throwsAsync(wrong, {code: 'BAD_EXPORT', message: /passphrase/});
	t.like(await importState(to, JSON.parse(whole), there), {keys: 1});
	const [kept] = to.keys.read(there.storageKey);
	t.is(kept?.certificate, identity.certificate);
	t.is(kept?.privateKey.trim(), identity.privateKey.trim());
});

test('what is no export is refused by its first fault, and changes nothing', async (t) => {
	const world = await makeWorld();
	const database = StateDatabase.open(world.folder('one'));
	t.teardown(async () => {
		await database.close();
		world.dispose();
	});
	for (const data of [
		null,
		[],
		{},
		{...exportState(database), schema: 1},
		{...exportState(database), origins: [['x', 5]]},
	]) {
		await t.throwsAsync(importState(database, data), {code: 'BAD_EXPORT'});
	}

	t.is(database.origins.getCount(), 0);
});
