import {createSocket, type Socket} from 'node:dgram';
import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {readConfiguration} from '#dist/cli/configuration-file.js';
import {type DemoWorld, makeWorld, writeGatewayConfiguration} from '#dist/cli/demo/demo-world.js';
import type {PhoneSetup} from '#dist/cli/demo/phone-messages.js';
import {openPhoneProtection} from '#dist/cli/demo/phone-protection.js';
import type {SipTarget} from '#dist/core/sip/index.js';
import {
	type GatewayOptions,
	openGateway,
	Phone,
	type PhoneOptions,
	type PhoneSpeech,
	type RunningGateway,
} from '#dist/gateway/index.js';
import {startTrustedDomains, type TrustedDomains} from '#dist/gateway/trusted-domains.js';
import {SipEndpoint} from '#dist/io/sip/index.js';

/** T1 of the gateways here: what RFC 3261 gives up or forgets after 32 s they do after 4 s. Their peers have the usual ones. */
const timers = {t1Ms: 60, t2Ms: 240, t4Ms: 300};

/** Certificates of Bob, Alice and the gateway, in a folder that goes with the test. */
export async function makeTestWorld(t: ExecutionContext): Promise<DemoWorld> {
	const folder = await mkdtemp(join(tmpdir(), 'sallyport-gateway-'));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	return makeWorld(folder, join(folder, 'output'));
}

export type TestGateway = {
	readonly running: RunningGateway;
	readonly domains: TrustedDomains;
	readonly target: (transport: 'udp' | 'tcp') => SipTarget;
};

/** A gateway in this process, on free ports, with a route to Alice. */
export async function openTestGateway(
	t: ExecutionContext,
	world: DemoWorld,
	alicePort: number,
	change: (options: GatewayOptions) => GatewayOptions = (options) => options,
): Promise<TestGateway> {
	const gateway = await startGateway(change(readConfiguration(await writeGatewayConfiguration(world, alicePort))));
	t.teardown(() => gateway.running.close());
	return gateway;
}

/** A gateway in this process, for whoever closes it. */
export async function startGateway(options: GatewayOptions): Promise<TestGateway> {
	const started: TrustedDomains[] = [];
	const running = await openGateway(options, {
		timers,
		startDomains: async (what) => {
			const domains = await startTrustedDomains(what);
			started.push(domains);
			return domains;
		},
	});
	return {
		running,
		domains: started[0] as TrustedDomains,
		target: (transport) => {
			const found = running.listening.find((listener) => listener.transport === transport);
			return {transport, address: '127.0.0.1', port: found?.port ?? 0};
		},
	};
}

/** A toolbox phone (or a stateless one, as `setup` says) in this process. */
export async function openTestPhone(
	t: ExecutionContext,
	setup: PhoneSetup,
	more: Partial<PhoneOptions> = {},
): Promise<{readonly phone: Phone; readonly endpoint: SipEndpoint; readonly port: number}> {
	const protection = await openPhoneProtection(setup);
	const endpoint = await openTestEndpoint(t);
	const phone = new Phone({
		aor: setup.aor,
		endpoint,
		filter: protection.filter,
		keys: protection.keys,
		media: {address: '127.0.0.1'},
		suites: setup.suites,
		greeting: speech(0.2, 0x20),
		...more,
	});
	t.teardown(async () => {
		await phone.close();
		await endpoint.close();
		await protection.close();
	});
	return {phone, endpoint, port: endpoint.localAddress('tcp').port};
}

export async function openTestEndpoint(t: ExecutionContext, address = '127.0.0.1'): Promise<SipEndpoint> {
	const endpoint = await SipEndpoint.open({
		listen: [
			{transport: 'tcp', address, port: 0},
			{transport: 'udp', address, port: 0},
		],
	});
	t.teardown(() => endpoint.close());
	return endpoint;
}

/** A socket on a free UDP port, closed with the test. */
export async function openTestSocket(t: ExecutionContext, address = '127.0.0.1'): Promise<Socket> {
	const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4').bind(0, address);
	await once(socket, 'listening');
	t.teardown(() => socket.close());
	return socket;
}

/** G.711 that is told apart from other sound: octets that go up from `start`. */
export function speech(seconds: number, start = 0): PhoneSpeech {
	return {codec: 'pcmu', sound: Uint8Array.from({length: 8000 * seconds}, (_, index) => (start + index) & 0xff)};
}

/** What a gateway holds: the same before a call and after it. */
export async function heldBy({running, domains}: TestGateway): Promise<Readonly<Record<string, number>>> {
	return {
		...domains.load(),
		calls: running.gateway.calls.length,
		transactions: running.gateway.transactions,
	};
}

/** Waits until `read` says what is expected, as long as `forMs`; the last it said. */
export async function settles<Value>(
	read: () => Value | Promise<Value>,
	isExpected: (value: Value) => boolean,
	forMs = 30_000,
): Promise<Value> {
	const deadline = performance.now() + forMs;
	for (;;) {
		const value = await read();
		if (isExpected(value) || performance.now() > deadline) {
			return value;
		}

		await new Promise((resolve) => setTimeout(resolve, 10));
	}
}

export const nothing = {relays: 0, calls: 0, issued: 0, transactions: 0};

export function isNothing(held: Readonly<Record<string, number>>): boolean {
	return Object.values(held).every((count) => count === 0);
}

/** Waits until a gateway holds nothing, and says what it holds then. */
export function empties(gateway: TestGateway, forMs = 30_000): Promise<Readonly<Record<string, number>>> {
	return settles(() => heldBy(gateway), isNothing, forMs);
}
