import {randomBytes} from 'node:crypto';
import {chmod, chown, readdir} from 'node:fs/promises';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {parse, stringify} from 'yaml';
import {alice} from '#dist/cli/demo/demo-world.js';
import type {SipTarget} from '#dist/core/sip/index.js';
import {Dialog} from '#dist/core/sip/index.js';
import {RawParty} from '../../gateway/support/raw-party.js';
import {cryptoLine, cryptoLinesOf, portOf, sdpText} from '../../gateway/support/sdp.js';
import {Phone, rtpPacket} from '../../trusted/media/support/phone.js';
import {must, SharedKey} from '../../trusted/media/support/plane.js';
import {openScene, Served} from './served.js';

export const suite = 'AES_CM_128_HMAC_SHA1_80';

type GatewaySetting = {
	/** Added to the configuration. */
	readonly more?: object;
	readonly folderMode?: number;
	/** Program and arguments that start the gateway. */
	readonly prefix?: readonly string[];
	/** Owner of the folder. */
	readonly owner?: number;
};

/** A gateway of three processes between Bob and Alice, whose signed parts say nothing of their messages. */
export async function openGateway(t: ExecutionContext, setting: GatewaySetting = {}) {
	const {more = {}, folderMode = 0o700, prefix = [], owner} = setting;
	const scene = await openScene(t);
	await chmod(scene.folder, folderMode);
	const callee = await RawParty.open(t, scene.world, 'alice');
	const caller = await RawParty.open(t, scene.world, 'bob');
	const configuration = await scene.changed((yaml) => {
		const options = parse(yaml);
		options.suites = [suite];
		options.routes[0].target.port = callee.port;
		for (const peer of options.toolbox.peers) {
			peer.binding = 'none';
		}

		return stringify({...options, ...more});
	});
	if (owner !== undefined) {
		for (const name of ['', ...(await readdir(scene.folder))]) {
			await chown(join(scene.folder, name), owner, owner);
		}
	}

	const served = new Served(t, configuration, ['--json'], prefix);
	const listening = await served.event('listening');
	const tcp = (listening['sip'] as readonly string[]).find((address) => address.startsWith('tcp:'));
	const target: SipTarget = {transport: 'tcp', address: '127.0.0.1', port: Number(tcp?.split(':').at(-1))};
	const isolation = await served.event('isolation');
	const pidOf = (domain: 'toolbox' | 'media' | 'user') => Number((isolation[domain] as {pid: number}).pid);
	return {...scene, served, caller, callee, target, isolation, pidOf};
}

export type Gateway = Awaited<ReturnType<typeof openGateway>>;

/** A sealed call that is up, and the keys of its four directions. */
export async function establish(t: ExecutionContext, {caller, callee, target, served}: Gateway) {
	const [bobsPhone, alicesPhone] = [await Phone.open(t), await Phone.open(t)];
	const [fromBob, fromAlice] = [randomBytes(30), randomBytes(30)];
	const offer = sdpText({port: bobsPhone.address.port, crypto: [cryptoLine(1, fromBob)]});
	const outgoing = caller.endpoint.request(await caller.seal(caller.invitation(alice), offer), target);
	const invitation = await Promise.race([
		callee.next(),
		outgoing.outcome.then(async (outcome) => {
			await served.event('call-refused');
			throw new Error(
				`Expected an invitation, got ${JSON.stringify(outcome.ok && outcome.value.status)}: ${served.lines.join('\n')}`,
			);
		}),
	]);
	const toAliceSdp = await callee.unseal(invitation.request);
	const [toAlice] = cryptoLinesOf(toAliceSdp);
	await callee.answer(
		invitation,
		sdpText({port: alicesPhone.address.port, crypto: [cryptoLine(toAlice?.tag, fromAlice)]}),
	);
	const outcome = await outgoing.outcome;
	if (!outcome.ok || outcome.value.status !== 200) {
		throw new Error(`Expected a call: ${served.lines.join('\n')}`);
	}

	const dialog = Dialog.fromResponse(outgoing.request, outcome.value);
	if (!dialog.ok) {
		throw new Error('Expected a dialog.');
	}

	outgoing.acknowledge(dialog.value.makeAck(outgoing.request), target);
	const toBobSdp = await caller.unseal(outcome.value);
	const [toBob] = cryptoLinesOf(toBobSdp);
	if (toAlice === undefined || toBob === undefined) {
		throw new Error('Expected keys.');
	}

	const keys = {fromBob, toBob: toBob.key, fromAlice, toAlice: toAlice.key};
	const outbound = new SharedKey(suite, fromBob).outbound(t);
	const inbound = new SharedKey(suite, Buffer.from(toAlice.key)).inbound(t);
	let count = 0;
	let heard = 0;
	return {
		keys,
		dialog: dialog.value,
		/** One packet of Bob's, and what Alice hears of it. */
		async speak(): Promise<void> {
			const packet = rtpPacket({sequenceNumber: ++count});
			await bobsPhone.send(must(outbound.protectRtp(packet)), {address: '127.0.0.1', port: portOf(toBobSdp)});
			const arrived = await alicesPhone.waitFor(++heard);
			t.deepEqual(Buffer.from(must(inbound.unprotectRtp(arrived.at(-1) as Buffer))), packet);
		},
	};
}
