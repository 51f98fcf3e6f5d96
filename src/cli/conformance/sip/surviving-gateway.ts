import {once} from 'node:events';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createConnection} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {stringify} from 'yaml';
import {createRoot} from '../../../trusted/certificates/certificate-authority.js';
import {GatewayChild} from '../../demo/child-process.js';
import {AddressMap} from '../attacks/address-map.js';
import {inTime, WireParty} from '../attacks/wire-party.js';

/** A gateway in a process of its own that gets whatever octets there are, and must be there afterwards. */
export class SurvivingGateway {
	readonly #folder: string;
	readonly #address: string;
	readonly #child: GatewayChild;
	readonly #party: WireParty;

	private constructor(folder: string, address: string, child: GatewayChild, party: WireParty) {
		this.#folder = folder;
		this.#address = address;
		this.#child = child;
		this.#party = party;
	}

	static async start(): Promise<SurvivingGateway> {
		const folder = await mkdtemp(join(tmpdir(), 'sallyport-torture-'));
		const addresses = new AddressMap();
		const address = addresses.node(0);
		try {
			const own = await createRoot({commonName: 'Sallyport conformance'});
			const configuration = {
				listen: [{transport: 'udp+tcp', address, port: 0}],
				media: {interfaces: [{name: 'loopback', address}], workers: 1},
				routes: [],
				adminSocket: 'admin.sock',
				toolbox: {
					directory: 'state',
					identities: [{certificate: own.certificatePem, privateKey: own.privateKeyPem}],
					trustAnchors: [own.certificatePem],
					localDomains: ['example.com'],
				},
			};
			const path = join(folder, 'gateway.yaml');
			await writeFile(path, stringify(configuration), {mode: 0o600});
			const child = await GatewayChild.start(path);
			const party = await WireParty.open({address: addresses.caller, port: 5060});
			return new SurvivingGateway(folder, address, child, party);
		} catch (error) {
			await rm(folder, {recursive: true, force: true});
			throw error;
		}
	}

	/** Sends octets as a datagram and on a connection; a sentence where the gateway is the worse for it. */
	async survives(octets: Uint8Array): Promise<string | undefined> {
		const datagrams = {address: this.#address, port: this.#child.udpPort};
		this.#party.send(octets, datagrams);
		await this.#connectAndSend(octets);
		const options = this.#party.request('OPTIONS', `sip:${this.#address}`);
		const response = await this.#party.ask(options, datagrams, 10_000);
		if (response?.status !== 200) {
			return `Expected the gateway to answer afterwards, got ${response?.status ?? 'nothing'}.`;
		}

		const [failure] = this.#child.taken('failure');
		return failure && `Expected the gateway to take it, got a fault of its own: ${String(failure['code'])}.`;
	}

	async close(): Promise<void> {
		this.#party.close();
		await this.#child.kill();
		await rm(this.#folder, {recursive: true, force: true});
	}

	/** Ends its side and waits for the gateway to have read it all. */
	async #connectAndSend(octets: Uint8Array): Promise<void> {
		const socket = createConnection({
			host: this.#address,
			port: this.#child.port,
			localAddress: this.#party.address.address,
		});
		// A connection that the gateway resets has been dealt with as well.
		const closed = new Promise<void>((resolve) => {
			socket.once('error', () => resolve());
			socket.once('close', () => resolve());
		});
		await Promise.race([once(socket, 'connect').catch(() => {}), closed]);
		socket.resume();
		socket.end(octets);
		await inTime(closed, 2000);
		socket.destroy();
	}
}
