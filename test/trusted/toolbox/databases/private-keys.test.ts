import {randomBytes} from 'node:crypto';
import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {StateDatabase} from '#dist/trusted/toolbox/databases/state-database.js';
import {StorageKey} from '#dist/trusted/toolbox/databases/storage-key.js';
import {Toolbox} from '#dist/trusted/toolbox/index.js';
import {makeWorld, openPair, reasonOf, receive, sealedInvite} from '../support/world.js';

const newKey = () => randomBytes(32).toString('hex');

test('a storage key comes from a file, a credential, or the environment, and is gone from there', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	const folder = world.folder('keys');
	mkdirSync(folder);
	const text = newKey();
	writeFileSync(join(folder, 'storage'), `${text}\n`);
	const environment = {CREDENTIALS_DIRECTORY: folder, STORAGE: text};
	const names = [
		StorageKey.read({file: join(folder, 'storage')}, environment),
		StorageKey.read({credential: 'storage'}, environment),
		StorageKey.read({environment: 'STORAGE'}, environment),
	].map(({name}) => name);
	t.is(new Set(names).size, 1);
	t.false('STORAGE' in environment);
	t.throws(() => StorageKey.read({environment: 'STORAGE'}, environment), {code: 'STORAGE_KEY_UNREADABLE'});
	t.throws(() => StorageKey.read({credential: 'none'}, environment), {code: 'STORAGE_KEY_UNREADABLE'});
	const key = StorageKey.read({file: join(folder, 'storage')});
	t.is(JSON.stringify(key), '"[StorageKey]"');
	const sealed = key.seal('a', Buffer.from('secret'));
	t.is(Buffer.from(key.open('a', sealed)).toString(), 'secret');
	t.throws(() => key.open('b', sealed), {code: 'STORAGE_KEY_WRONG'}, 'under another name');
	t.throws(() => new StorageKey(randomBytes(32)).open('a', sealed), {code: 'STORAGE_KEY_WRONG'});
});

test('private keys lie encrypted in the database, open what is sealed for them, and their files may go', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	const file = world.folder('storage.key');
	writeFileSync(file, newKey());
	const pair = await openPair(world, {storageKey: {file}});
	await pair.callee.close();
	const options = world.options('gateway', world.gateway, {
		localDomains: ['gw.example.com'],
		identities: [],
		storageKey: {file},
	});
	const callee = await Toolbox.open(options, {clock: world.clock});
	t.teardown(async () => {
		await callee.close();
		await pair.caller.close();
	});
	t.is(reasonOf(await receive(callee, await sealedInvite(pair.caller))), 'released');

	const body = world.gateway.privateKeyPem.split('\n').slice(1, 3).join('\n');
	const octets = Buffer.from(world.gateway.privateKeyPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
	const state = join(world.folder('gateway'), 'state');
	for (const name of readdirSync(state)) {
		const content = readFileSync(join(state, name));
		t.is(content.indexOf(body), -1, name);
		t.is(content.indexOf(octets.subarray(-32)), -1, name);
	}
});

test('a wrong storage key, or none, starts no toolbox', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	const [file, other] = [world.folder('storage.key'), world.folder('other.key')];
	writeFileSync(file, newKey());
	writeFileSync(other, newKey());
	await (await Toolbox.open(world.options('one', world.gateway, {storageKey: {file}}), {clock: world.clock})).close();
	const open = (more: object) =>
		Toolbox.open(world.options('one', world.gateway, {identities: [], ...more}), {clock: world.clock});
	await t.throwsAsync(open({storageKey: {file: other}}), {code: 'STORAGE_KEY_WRONG', message: /another one/});
	await t.throwsAsync(open({storageKey: {file: world.folder('none')}}), {code: 'STORAGE_KEY_UNREADABLE'});
	await t.throwsAsync(open({}), {code: 'NO_IDENTITY'});
	await (await open({storageKey: {file}})).close();
});

test('rotation encrypts all keys anew, in their order, and the old storage key opens nothing any more', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	const [from, to] = [new StorageKey(randomBytes(32)), new StorageKey(randomBytes(32))];
	const database = StateDatabase.open(world.folder('rotated'));
	t.teardown(() => database.close());
	const identities = [world.gateway, world.bob].map(({certificatePem, privateKeyPem}) => {
		return {certificate: certificatePem, privateKey: privateKeyPem};
	});
	database.keys.keep(identities, from);
	t.throws(() => database.keys.rotate(to, from), {code: 'STORAGE_KEY_WRONG'});
	t.deepEqual(database.keys.read(from), identities, 'a rotation that failed changed nothing');
	t.is(database.keys.rotate(from, to), 2);
	t.deepEqual(database.keys.read(to), identities);
	t.throws(() => database.keys.read(from), {code: 'STORAGE_KEY_WRONG'});
});
