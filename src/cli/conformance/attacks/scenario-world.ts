import {mkdtemp, rename, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {SallyportError} from '../../../base/error.js';
import {srtpSuites} from '../../../wire/sdes/suites.js';
import {AddressMap} from './address-map.js';
import {Callee} from './callee.js';
import {Credentials} from './credentials.js';
import type {GatewayCredential, HarnessKeys} from './harness-keys.js';
import {nodeNamesOf, policyOf, type Scenario, type ScenarioFile} from './scenario-file.js';
import {ScenarioNode} from './scenario-node.js';
import {SharedStores} from './shared-stores.js';
import {WireParty} from './wire-party.js';

/** What all scenarios of a file share. */
export type ScenarioSetting = {
	readonly file: ScenarioFile;
	/** Of the file. */
	readonly folder: string;
	/** PEM. */
	readonly trustAnchor: string;
	readonly gateway: readonly GatewayCredential[];
	readonly keys: HarnessKeys;
	/** AORs of everybody whom a message of the file calls. */
	readonly called: readonly string[];
	/** AORs of everybody whom one is from. */
	readonly callers: readonly string[];
};

/** Domain of the callers that the harness adds. */
export const harnessDomain = 'conformance.example';

/** The gateways of one scenario, who calls and who is called, and the time, all from empty state. */
export class ScenarioWorld {
	readonly addresses: AddressMap;
	readonly nodes = new Map<string, ScenarioNode>();
	readonly callee: Callee;
	readonly credentials = new Credentials();
	/** A caller of the harness's own, for the calls that the scenario leaves to it. */
	readonly caller: WireParty;
	readonly #folder: string;
	readonly #parties = new Map<string, WireParty>();
	#nowMs: number;
	#stores: SharedStores | undefined;

	private constructor(
		folder: string,
		nowMs: number,
		parts: {readonly addresses: AddressMap; readonly callee: Callee; readonly caller: WireParty},
	) {
		this.#folder = folder;
		this.#nowMs = nowMs;
		this.addresses = parts.addresses;
		this.callee = parts.callee;
		this.caller = parts.caller;
	}

	/** Starts a gateway for each node that the scenario names; several share one ledger. Whatever fails, nothing stays behind. */
	static async open(setting: ScenarioSetting, scenario: Scenario): Promise<ScenarioWorld> {
		const folder = await mkdtemp(join(tmpdir(), 'sallyport-attacks-'));
		const nowMs = Date.parse(scenario.clock);
		const addresses = new AddressMap();
		let time = (): number => nowMs;
		const callee = await Callee.open(addresses.callee, setting.keys, () => time());
		const caller = await WireParty.open({address: addresses.caller, port: 0});
		const world = new ScenarioWorld(folder, nowMs, {addresses, callee, caller});
		time = () => world.nowMs;
		try {
			await world.setTime(nowMs);
			const names = nodeNamesOf(scenario);
			world.#stores = names.length > 1 ? await SharedStores.open(folder) : undefined;
			for (const [index, name] of names.entries()) {
				const node = new ScenarioNode(name, {
					address: addresses.node(index),
					folder,
					clockFile: world.#clockFile,
					configuration: configurationOf(world, setting, scenario, name, addresses.node(index)),
				});
				world.nodes.set(name, node);
			}

			await Promise.all([...world.nodes.values()].map((node) => node.start()));
			return world;
		} catch (error) {
			await world.close();
			throw error;
		}
	}

	get nowMs(): number {
		return this.#nowMs;
	}

	get folder(): string {
		return this.#folder;
	}

	/** What the ledger lies on where gateways share it; undefined for one gateway with a ledger of its own. */
	get stores(): SharedStores | undefined {
		return this.#stores;
	}

	/** Sets the time of every gateway; it stands still until the next call. */
	async setTime(nowMs: number): Promise<void> {
		this.#nowMs = nowMs;
		// A reader sees the old time or the new one, never half a text.
		await writeFile(`${this.#clockFile}.next`, new Date(nowMs).toISOString());
		await rename(`${this.#clockFile}.next`, this.#clockFile);
		// Whoever has answered knows of it.
		await Promise.all([...this.nodes.values()].filter(({isRunning}) => isRunning).map((node) => node.look()));
	}

	/** The node of that name, the first one by default. Throws `SallyportError` `SCENARIO_NOT_RUNNABLE`. */
	node(name?: string): ScenarioNode {
		const node = name === undefined ? [...this.nodes.values()][0] : this.nodes.get(name);
		if (node === undefined || node.isDropped) {
			throw new SallyportError('SCENARIO_NOT_RUNNABLE', `Expected a node ${name} that is in service, got none.`);
		}

		return node;
	}

	/** Who sends from an address of the scenario. */
	async party(address: string, port: number): Promise<WireParty> {
		const name = `${address}:${port}`;
		const known = this.#parties.get(name);
		const party = known ?? (await WireParty.open({address: this.addresses.sender(address), port}));
		this.#parties.set(name, party);
		return party;
	}

	async close(): Promise<void> {
		await Promise.all([...this.nodes.values()].map((node) => node.kill()));
		for (const party of [this.caller, ...this.#parties.values()]) {
			party.close();
		}

		await this.callee.close();
		await this.#stores?.close();
		await rm(this.#folder, {recursive: true, force: true});
	}

	get #clockFile(): string {
		return join(this.#folder, 'clock');
	}
}

/** How many calls at once a gateway takes that has to refuse the next one for want of room. */
export const scarceCalls = 6;

/** What `serve` is configured with, from the scenario's policy. */
function configurationOf(
	world: ScenarioWorld,
	{file, trustAnchor, gateway, keys, called, callers}: ScenarioSetting,
	scenario: Scenario,
	name: string,
	address: string,
): object {
	const policy = policyOf(file, scenario);
	const isScarce = scenario.steps.some((step) => 'status' in step && step.status === 503);
	const asksForDigest = policy.authentication === 'digest';
	const rules = new Map<string, object>();
	const add = (aor: string, more: object) => rules.set(aor, {...rules.get(aor), ...more});
	for (const [aor, addresses] of Object.entries(policy.addresses)) {
		add(aor, {addresses: addresses.map((entry) => world.addresses.sender(entry))});
	}

	for (const aor of called) {
		add(aor, {certificate: keys.certificateOf(aor)});
	}

	for (const aor of asksForDigest ? callers : []) {
		// Known from where nobody sends: whoever comes is asked for credentials.
		add(aor, {origin: 'challenge', addresses: [world.addresses.callee]});
	}

	return {
		listen: [{transport: 'udp+tcp', address, port: 0}],
		media: {interfaces: [{name: 'loopback', address}], workers: 1},
		suites: Object.keys(srtpSuites),
		routes: [{to: '*', target: {transport: 'tcp', address: world.addresses.callee, port: world.callee.port}}],
		adminSocket: `${name}.sock`,
		...(isScarce && {maxCalls: scarceCalls}),
		toolbox: {
			directory: `${name}-state`,
			identities: gateway,
			trustAnchors: [trustAnchor, keys.anchor],
			localDomains: policy.localDomains,
			freshness: file.freshness,
			defaults: {binding: policy.binding, origin: policy.origin},
			...(world.stores && {ledger: {redis: world.stores.configuration}}),
			...(asksForDigest && {credentials: world.credentials.entriesFor(callers)}),
			peers: [
				...[...rules].map(([aor, more], index) => ({name: `party-${index}`, match: {aor}, ...more})),
				{name: 'harness', match: {domain: harnessDomain}, binding: 'proxy', origin: 'observe'},
			],
		},
	};
}
