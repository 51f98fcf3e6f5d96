import test, {type ExecutionContext} from 'ava';
import type {CmsProvider} from '#dist/trusted/smime/cms-provider.js';
import {openCmsProvider} from '#dist/trusted/smime/open-cms-provider.js';
import {Toolbox, type ToolboxOptions} from '#dist/trusted/toolbox/index.js';
import type {SipRequest} from '#dist/wire/sip/message.js';
import {bobsAddress, charlesAddress, makeWorld, openPair, reasonOf, receive, sealedInvite} from './support/world.js';

/** The gateway's toolbox with a provider that counts and, where told, waits or fails. */
async function openCounted(t: ExecutionContext, more: Partial<ToolboxOptions> = {}) {
	const world = await makeWorld();
	const {caller, callee: unused} = await openPair(world);
	await unused.close();
	const {certificatePem, privateKeyPem} = world.gateway;
	const {provider} = await openCmsProvider({keys: [{certificatePem, privateKeyPem}]});
	const counted = {decrypted: 0, verified: 0, isFull: false, gate: Promise.resolve()};
	const cms: CmsProvider = {
		capabilities: provider.capabilities,
		...(['sign', 'encrypt', 'close'] as const).reduce(
			(methods, name) => Object.assign(methods, {[name]: provider[name].bind(provider)}),
			{} as Pick<CmsProvider, 'sign' | 'encrypt' | 'close'>,
		),
		decrypt: async (octets: Uint8Array) => {
			counted.decrypted++;
			await counted.gate;
			return provider.decrypt(octets);
		},
		verify: async (...given: Parameters<CmsProvider['verify']>) => {
			counted.verified++;
			return counted.isFull
				? {ok: false, failure: {code: 'OVERLOADED', message: 'Expected room.'}}
				: provider.verify(...given);
		},
	} as CmsProvider;
	const callee = await Toolbox.open(
		world.options('gateway', world.gateway, {localDomains: ['gw.example.com'], ...more}),
		{clock: world.clock, cms},
	);
	t.teardown(async () => {
		await caller.close();
		await callee.close();
		world.dispose();
	});
	return {world, caller, callee, counted};
}

/** Keeps all decryption waiting until the function that it returns is called. */
function shut(counted: {gate: Promise<void>}): () => void {
	let open = () => {};
	counted.gate = new Promise((resolve) => {
		open = resolve;
	});
	return () => open();
}

/** With another tag of authentication: distinct, and all but good. */
function spoilt({body, ...request}: SipRequest, mark = 1): SipRequest {
	const copy = Uint8Array.from(body);
	new DataView(copy.buffer).setUint32(copy.length - 4, mark);
	return {...request, body: copy};
}

test('octets that were refused twice for what they are cost no private key again, and look the same', async (t) => {
	const {caller, callee, counted} = await openCounted(t);
	const invite = await sealedInvite(caller);
	const bad = spoilt(invite);
	const faces: string[] = [];
	const audits: number[] = [];
	for (let index = 0; index < 5; index++) {
		const verdict = await receive(callee, bad, {call: `x${index}`});
		if (verdict.verdict !== 'denial') {
			t.fail('Expected a denial.');
			return;
		}

		const {audit, ...face} = verdict;
		faces.push(JSON.stringify(face));
		audits.push(audit);
	}

	t.is(new Set(faces).size, 1);
	t.regex(faces[0] ?? '', /"step":"open","reason":"DECRYPTION_FAILED","status":493/);
	t.is(new Set(audits).size, 5, 'each is on record');
	t.is(counted.decrypted, 2);
	t.deepEqual(callee.workCounters, {open: 0, mostOpen: 1, refused: 0, refusedBodies: 1, refusedFromMemory: 3});
	t.is(callee.alertCounters.raised['integrity'], 5, JSON.stringify(callee.alertCounters));

	await receive(callee, spoilt(invite, 2), {call: 'y'});
	t.is(counted.decrypted, 3, 'other octets are read');
	t.is(reasonOf(await receive(callee, invite, {call: 'z'})), 'released', 'a cache, never an identity');
});

test('what is refused from memory takes a multiple of the uniform time, as what was read', async (t) => {
	const uniformFailureMs = 60;
	const {caller, callee} = await openCounted(t, {uniformFailureMs});
	const bad = spoilt(await sealedInvite(caller));
	for (let index = 0; index < 4; index++) {
		const beganMs = performance.now();
		await receive(callee, bad, {call: `x${index}`});
		// Timers may be a millisecond early.
		t.true(performance.now() - beganMs >= uniformFailureMs - 2);
	}

	t.is(callee.workCounters.refusedFromMemory, 2);
});

test('refusals that may pass another time are not remembered', async (t) => {
	const {caller, callee, counted} = await openCounted(t);
	const invite = await sealedInvite(caller);
	counted.isFull = true;
	for (let index = 0; index < 3; index++) {
		t.is(reasonOf(await receive(callee, invite, {call: 'c1'})), 'DECRYPTION_FAILED');
	}

	t.is(callee.workCounters.refusedBodies, 0);
	counted.isFull = false;
	t.is(reasonOf(await receive(callee, invite, {call: 'c1'})), 'released');
	for (let index = 0; index < 3; index++) {
		t.is(reasonOf(await receive(callee, invite, {call: `again${index}`})), 'MERGED');
	}

	t.is(callee.workCounters.refusedBodies, 0);
	t.is(counted.decrypted, 7);
});

test('a source with too much open is refused with 503 and claims nothing; another is served at once', async (t) => {
	const {caller, callee, counted} = await openCounted(t, {publicKeyWork: {perSource: 8, atOnce: 4}});
	const [honest, late] = [
		await sealedInvite(caller, {call: 'h'}),
		await sealedInvite(caller, {call: 'l', callId: 'l'}),
	];
	const open = shut(counted);
	const flood = Array.from({length: 40}, (_, index) =>
		receive(callee, spoilt(honest, index), {call: `f${index}`, origin: charlesAddress}),
	);
	const refusedLate = receive(callee, late, {call: 'l', origin: charlesAddress});
	const served = receive(callee, honest, {call: 'h', origin: bobsAddress});
	const denial = await refusedLate;
	t.is(denial.verdict === 'denial' && `${denial.step} ${denial.reason} ${denial.status}`, 'queue OVERLOADED 503');
	t.is(counted.decrypted, 4);
	t.is(callee.workCounters.open, 9);
	open();
	t.is(reasonOf(await served), 'released');
	const reasons = (await Promise.all(flood)).map(reasonOf);
	t.is(reasons.filter((reason) => reason === 'OVERLOADED').length, 32);
	t.is(reasons.filter((reason) => reason === 'DECRYPTION_FAILED').length, 8);
	t.is(callee.workCounters.refused, 33);
	t.is(reasonOf(await receive(callee, late, {call: 'l', origin: bobsAddress})), 'released', 'nothing was claimed');
});

test('addresses of one /64 are one source, those of another are not', async (t) => {
	const {caller, callee, counted} = await openCounted(t, {publicKeyWork: {perSource: 1, atOnce: 1}});
	const invite = await sealedInvite(caller);
	const open = shut(counted);
	const from = (address: string, mark: number) =>
		receive(callee, spoilt(invite, mark), {call: `f${mark}`, origin: {transport: 'udp', address, port: 5060}});
	const verdicts = [from('2001:db8:0:1::1', 1), from('2001:db8:0:1:ffff::2', 2), from('2001:db8:0:2::1', 3)];
	t.is(reasonOf(await (verdicts[1] as (typeof verdicts)[0])), 'OVERLOADED');
	open();
	t.deepEqual((await Promise.all(verdicts)).map(reasonOf), ['DECRYPTION_FAILED', 'OVERLOADED', 'DECRYPTION_FAILED']);
});
