import {Toolbox} from '#dist/trusted/toolbox/index.js';
import {testWhere} from '../../../support/test-where.js';
import {install, makeWorld, openPair, reasonOf, receive, sealedInvite} from '../support/world.js';
import {isRedisInstalled, RedisServer} from './redis-servers.js';

testWhere(isRedisInstalled)(
	'a body that one gateway has accepted is refused by another one, and after a restart (V5, V4)',
	async (t) => {
		const servers = await Promise.all([RedisServer.start(t), RedisServer.start(t), RedisServer.start(t)]);
		const ledger = {redis: {nodes: servers.map(({url}) => url), secret: 'ab'.repeat(32)}};
		const world = await makeWorld();
		t.teardown(world.dispose);
		const {caller, callee: one} = await openPair(world, {ledger});
		t.teardown(() => caller.close());
		const more = {localDomains: ['gw.example.com'], defaults: {origin: 'observe' as const}, ledger};
		const two = await Toolbox.open(world.options('two', world.gateway, more), {clock: world.clock});
		t.teardown(() => two.close());

		const invite = await sealedInvite(caller);
		const released = await receive(one, invite);
		t.is(reasonOf(released), 'released');
		t.is(reasonOf(await receive(two, invite)), 'MERGED', 'a fork that reached both (L19)');
		t.true(released.verdict === 'release' && (await install(one, released)));
		t.is(reasonOf(await receive(two, invite)), 'REPLAYED');
		await one.close();
		const again = await Toolbox.open(world.options('gateway', world.gateway, more), {clock: world.clock});
		t.teardown(() => again.close());
		t.is(reasonOf(await receive(again, invite)), 'REPLAYED');
		for (const secret of ['cd'.repeat(32)]) {
			const foreign = {...more, ledger: {redis: {...ledger.redis, secret}}};
			await t.throwsAsync(Toolbox.open(world.options('foreign', world.gateway, foreign), {clock: world.clock}), {
				code: 'LEDGER_DAMAGED',
			});
		}
	},
);
