import {mkdirSync, readFileSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {open} from 'lmdb';
import {StateDatabase} from '#dist/trusted/toolbox/databases/state-database.js';
import {exportState} from '#dist/trusted/toolbox/databases/state-export.js';
import {recordState} from '#dist/trusted/toolbox/databases/state-record.js';
import {Toolbox} from '#dist/trusted/toolbox/index.js';
import {makeWorld} from '../support/world.js';

const alert = {
	sequence: 1,
	atMs: 1,
	kind: 'replay',
	reason: 'REPLAYED',
	identity: '',
	origin: null,
	call: '',
	detail: '',
};

/** Databases as version 1 left them, or as a later version would. */
async function writeState(directory: string, schema?: number): Promise<void> {
	mkdirSync(join(directory, 'state'), {recursive: true});
	const root = open({path: join(directory, 'state'), noSubdir: false, maxDbs: 8});
	await root.openDB({name: 'alerts'}).put(1, alert);
	await root
		.openDB({name: 'origins'})
		.put('sip:bob@example.com', [{address: '192.0.2.7', evidence: 'transport', firstMs: 5, lastMs: 9}]);
	if (schema !== undefined) {
		await root.openDB({name: 'meta'}).put('schema', {schema});
	}

	await root.flushed;
	await root.close();
}

test('databases of the first layout are brought to this one, and nothing in them is lost', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	const directory = world.folder('old');
	await writeState(directory);
	for (const start of ['the first', 'the next']) {
		const database = StateDatabase.open(directory);
		t.deepEqual(
			database.origins.get('sip:bob@example.com'),
			[{address: '192.0.2.7', evidence: 'transport', firstMs: 5, lastMs: 9, count: 1}],
			start,
		);
		t.deepEqual(database.alerts.get(1), alert, start);
		await database.close();
	}

	const toolbox = await Toolbox.open(world.options('old', world.gateway, {}), {clock: world.clock});
	const read = await toolbox.handle({kind: 'read-alerts', afterSequence: 0, limit: 1});
	t.like(read.verdict === 'alerts' ? read.alerts[0] : undefined, {reason: 'REPLAYED'});
	await toolbox.close();
});

test('databases of a later version are refused', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	await writeState(world.folder('new'), 3);
	t.throws(() => StateDatabase.open(world.folder('new')), {code: 'DATABASE_NEWER', message: /layout 3/});
});

test('what was in force at the start is written down, without anything secret', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	await (
		await Toolbox.open(world.options('one', world.gateway, {localDomains: ['gw.example.com']}), {clock: world.clock})
	).close();
	const database = StateDatabase.open(world.folder('one'));
	t.true(database.registry.get('tools')?.includes('cms-open@1'));
	t.true(database.registry.get('templates')?.includes('esp-inbound@1'));
	t.deepEqual(database.policies.get('localDomains'), ['gw.example.com']);
	t.is(database.configuration.get('uniformFailureMs'), 5);
	await database.close();
	t.is(readFileSync(join(world.folder('one'), 'state', 'data.mdb')).indexOf('PRIVATE KEY'), -1);
});

for (const [fault, spoil] of Object.entries({
	'is empty': (path: string) => truncateSync(path, 0),
	'was cut short': (path: string) => truncateSync(path, 3 * 4096),
	'is something else': (path: string) => writeFileSync(path, 'foreign'.repeat(10_000)),
})) {
	test(`a file that ${fault} is refused with a sentence, and left as it is`, async (t) => {
		const world = await makeWorld();
		t.teardown(world.dispose);
		await writeState(world.folder('torn'));
		const path = join(world.folder('torn'), 'state', 'data.mdb');
		spoil(path);
		const before = readFileSync(path);
		const error = await t.throwsAsync(Toolbox.open(world.options('torn', world.gateway, {}), {clock: world.clock}), {
			code: 'DATABASE_DAMAGED',
		});
		t.regex(error?.message ?? '', /^Expected the databases as they were left, but .+data\.mdb.*\.$/);
		t.deepEqual(readFileSync(path), before);
	});
}

test('who may call whom is written down in order, and of shared stores no secret and no address', async (t) => {
	const world = await makeWorld();
	t.teardown(world.dispose);
	const {directory, ...options} = world.options('one', world.gateway, {});
	const database = StateDatabase.open(directory);
	t.teardown(() => database.close());
	const calls = [
		{name: 'home', from: {domain: 'example.com'}},
		{name: 'nobody', allow: false},
	];
	const redis = {nodes: ['redis://user:hunter2@192.0.2.1:6379'], secret: 'ab'.repeat(32)};
	await recordState(database, {...options, directory, calls, ledger: {redis, records: 7}}, [], []);
	t.deepEqual(
		[...database.authorisations.getRange()].map(({value}) => value),
		calls,
	);
	await recordState(database, {...options, directory, calls: calls.slice(1)}, [], []);
	t.deepEqual(
		[...database.authorisations.getRange()].map(({key, value}) => [key, value.name]),
		[[0, 'nobody']],
	);
	await recordState(database, {...options, directory, ledger: {redis, records: 7}}, [], []);
	const all = JSON.stringify(exportState(database));
	t.notRegex(all, /hunter2|abababab|192\.0\.2\.1/);
	t.deepEqual(database.configuration.get('ledger'), {records: 7, redis: {stores: 1, prefix: 'sallyport'}});
});
