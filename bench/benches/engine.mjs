// What the engine costs beside hand-written calls of the same tools, and what a sealed INVITE costs beside its cryptographic primitives.
import {
	createCipheriv,
	createDecipheriv,
	createECDH,
	createPrivateKey,
	diffieHellman,
	generateKeyPairSync,
	randomBytes,
	sign,
	verify,
} from 'node:crypto';
import process from 'node:process';
import {Engine} from '../../dist/trusted/toolbox/engine/engine.js';
import {TemplateDatabase} from '../../dist/trusted/toolbox/engine/template-database.js';
import {toolRegistry} from '../../dist/trusted/toolbox/tools/registry.js';
import {interleave, mergeCases} from '../machinery/measure.mjs';
import {makeSealedWorld} from '../machinery/sealed-world.mjs';

export const purpose =
	'the engine beside hand-written calls of its tools; open + check + seal of an INVITE beside its primitives';

export async function run({runs, seconds}) {
	const world = await makeSealedWorld(Math.max(20, Math.round(300 * seconds)));
	const template = new TemplateDatabase(toolRegistry).get('sdes-smime-inbound');
	try {
		await demandSameRelease(template, world);
		// Not timed: what the compiler makes of code that runs often takes some thousand messages to be there.
		for (let round = 0; round < warmUps; round++) {
			await timeEach(world, (fresh, message) => runEngine(template, fresh, message));
			await timeEach(world, runByHand);
			await world.timeToolbox();
		}

		const inbound = await interleave(
			[
				{name: 'ours', measure: () => timeEach(world, (fresh, message) => runEngine(template, fresh, message))},
				{name: 'by hand', measure: () => timeEach(world, runByHand)},
			],
			runs,
		);
		const alone = await interleave(
			[
				{name: 'ours', measure: () => timeEmpty((run) => engine.run(run, {message: 1, peer: 2}, {nowMs: 0}))},
				{name: 'by hand', measure: () => timeEmpty(runEmptyByHand)},
			],
			runs,
		);
		const whole = await interleave(
			[
				{name: 'ours', measure: () => world.timeToolbox()},
				{name: 'primitives', measure: () => timePrimitives(world.invites.length)},
			],
			runs,
		);
		const cases = [
			{caseName: 'sdes-smime-inbound', outcome: inbound},
			{caseName: '12 empty steps', outcome: alone},
			{caseName: 'open+check+seal', outcome: whole},
		];
		return {
			...mergeCases(cases, ['cpuUs', 'wallUs']),
			remarks: [
				'CPU of all threads of the process, per INVITE; P-256 keys, AES-256-GCM; a ledger in memory, so no disk is waited for.',
				'by hand: the same functions of the same tools, called one after another without template, ports or step records.',
				'12 empty steps: what the engine adds by itself, per run, to tools that do nothing: of use where the machine is not quiet.',
				'primitives: one agreement, one verification, one signature, one ephemeral agreement and two AES-256-GCM, on one thread.',
				'open+check+seal has the audit log, the request queue of the call, a key made and one installed in it.',
				'Before timing, engine and hand-written calls released the same session description.',
			],
		};
	} finally {
		await world.close();
	}
}

const warmUps = 5;

async function demandSameRelease(template, world) {
	const [message] = world.invites;
	const released = await Promise.all([runEngine(template, world.fresh(), message), runByHand(world.fresh(), message)]);
	const [ours, theirs] = released.map(({sdp}) => sdp.replaceAll(/handle:[0-9a-f]{32}/g, 'handle:'));
	if (ours !== theirs || !ours.includes('handle:')) {
		throw new Error('Expected engine and hand-written calls to release the same session description.');
	}
}

async function timeEach(world, work) {
	const fresh = world.fresh();
	const cpu = process.cpuUsage();
	const startMs = performance.now();
	for (const message of world.invites) {
		await work(fresh, message);
	}

	return perInvite(cpu, startMs, world.invites.length);
}

const emptyTool = {...toolRegistry.get('random@1'), run: async () => ({ok: true, value: {first: 1, second: 2}})};
const emptyTemplate = {
	direction: 'inbound',
	protection: 'clear',
	release: {media: 's0.first'},
	steps: Array.from({length: 12}, (_, index) => ({
		step: `s${index}`,
		tool: emptyTool,
		in: {a: 'message', b: 'peer', c: index === 0 ? 'peer' : `s${index - 1}.first`},
		with: {},
	})),
};

async function timeEmpty(work) {
	const count = 5000;
	const cpu = process.cpuUsage();
	const startMs = performance.now();
	for (let index = 0; index < count; index++) {
		await work(emptyTemplate);
	}

	return perInvite(cpu, startMs, count);
}

async function runEmptyByHand({steps}) {
	for (let index = 0; index < steps.length; index++) {
		await emptyTool.run({a: 1, b: 2, c: 3}, undefined, {});
	}
}

function perInvite(cpu, startMs, count) {
	const {user, system} = process.cpuUsage(cpu);
	return {cpuUs: (user + system) / count, wallUs: (1000 * (performance.now() - startMs)) / count};
}

const engine = new Engine({uniformFailureMs: 20});

async function runEngine(template, {contextOf, peer}, message) {
	const {wipeLater: _wipeLater, ...context} = contextOf();
	const outcome = await engine.run(template, {message, peer}, context);
	if (!outcome.ok) {
		throw new Error(`Expected a release, got ${outcome.denial.reason}.`);
	}

	return outcome.release.get('media', 'released-media');
}

const tool = (name) => toolRegistry.get(name);
const [open, check, certificate, partsOf, binding, freshness, origin] = [
	'cms-open@1',
	'cms-verify@1',
	'certificate-check@1',
	'signed-parts@1',
	'header-binding@1',
	'freshness@1',
	'origin-check@2',
].map(tool);
const [sdpRead, continuity, replay, handOut, learn] = [
	'sdp-read@1',
	'key-continuity@1',
	'anti-replay@1',
	'release-media@1',
	'origin-learn@2',
].map(tool);

async function runByHand({contextOf, peer: claimed}, message) {
	const secrets = [];
	const context = {...contextOf(), wipeLater: (octets) => secrets.push(octets)};
	try {
		const {entity} = passed(await open.run({message}, context, {}));
		const {content} = passed(await check.run({entity}, context, {}));
		const {signer, peer} = passed(await certificate.run({message, content, peer: claimed}, context, {}));
		const {parts} = passed(await partsOf.run({content}, context, {also: []}));
		passed(await binding.run({message, parts, peer}, context, {}));
		const {signedAt} = passed(await freshness.run({message, content, parts}, context, {}));
		passed(await origin.run({message, signer, peer, parts}, context, {}));
		const {media} = passed(await sdpRead.run({parts, peer}, context, {}));
		passed(await continuity.run({media}, context, {}));
		const {claim} = passed(await replay.run({message, content, signer, signedAt, media}, context, {}));
		const released = passed(await handOut.run({claim}, context, {}));
		passed(await learn.run({signer, claim, peer, parts}, context, {}));
		return released.media;
	} finally {
		for (const octets of secrets) {
			octets.fill(0);
		}
	}
}

function passed(result) {
	if (!result.ok) {
		throw new Error(`Expected a tool to pass, got ${result.failure.reason}.`);
	}

	return result.value;
}

/** What no implementation of the same protocol can leave out. */
function timePrimitives(count) {
	const [own, peer, signing] = [0, 0, 0].map(() => generateKeyPairSync('ec', {namedCurve: 'prime256v1'}));
	const attributes = randomBytes(200);
	const body = randomBytes(1500);
	const signature = sign('sha256', attributes, signing.privateKey);
	const point = createECDH('prime256v1').generateKeys();
	const privateKey = createPrivateKey(own.privateKey.export({type: 'pkcs8', format: 'pem'}));
	const cpu = process.cpuUsage();
	const startMs = performance.now();
	for (let index = 0; index < count; index++) {
		diffieHellman({privateKey, publicKey: peer.publicKey});
		const key = randomBytes(32);
		const iv = randomBytes(12);
		const cipher = createCipheriv('aes-256-gcm', key, iv);
		const sealed = Buffer.concat([cipher.update(body), cipher.final()]);
		const opened = createDecipheriv('aes-256-gcm', key, iv).setAuthTag(cipher.getAuthTag());
		Buffer.concat([opened.update(sealed), opened.final()]);
		verify('sha256', attributes, signing.publicKey, signature);
		sign('sha256', attributes, signing.privateKey);
		const ephemeral = createECDH('prime256v1');
		ephemeral.generateKeys();
		ephemeral.computeSecret(point);
	}

	return perInvite(cpu, startMs, count);
}
