import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {stringify} from 'yaml';
import {SallyportError} from '../../../base/error.js';
import type {Alert, LedgerEntry} from '../../../trusted/toolbox/protocol.js';
import {GatewayChild, type GatewayEvent} from '../../demo/child-process.js';
import type {WireAddress} from './wire-party.js';

/** What a node says of itself at one moment. */
export type Snapshot = {
	readonly ledger: readonly LedgerEntry[];
	/** Calls that are being made or up. */
	readonly calls: number;
};

/** What a node has said since it was asked last. */
export type News = {readonly alerts: readonly Alert[]; readonly events: readonly GatewayEvent[]};

/** One gateway of a scenario: `sallyport serve` in a process of its own, on an address of its own. */
export class ScenarioNode {
	readonly name: string;
	readonly #address: string;
	readonly #folder: string;
	readonly #configuration: object;
	readonly #clockFile: string;
	#child: GatewayChild | undefined;
	#lastAlert = 0;
	#isDropped = false;

	/** @param configuration What the file of `serve` says. */
	constructor(
		name: string,
		options: {
			readonly address: string;
			readonly folder: string;
			readonly clockFile: string;
			readonly configuration: object;
		},
	) {
		this.name = name;
		this.#address = options.address;
		this.#folder = options.folder;
		this.#configuration = options.configuration;
		this.#clockFile = options.clockFile;
	}

	/** Where it takes SIP over UDP. */
	get target(): WireAddress {
		return {address: this.#address, port: this.#running.udpPort};
	}

	get isRunning(): boolean {
		return this.#child !== undefined;
	}

	get isDropped(): boolean {
		return this.#isDropped;
	}

	async start(): Promise<void> {
		const path = join(this.#folder, `${this.name}.yaml`);
		await writeFile(path, stringify(this.#configuration), {mode: 0o600});
		this.#child = await GatewayChild.start(path, ['--pretend-time-file', this.#clockFile]);
		// What was raised before belongs to other steps; after a crash the numbers may begin earlier again.
		this.#lastAlert = 0;
		await this.news();
	}

	/** A clean end: SIGTERM, and what it still has to do. */
	async stop(): Promise<void> {
		await this.#child?.stop();
		this.#child = undefined;
	}

	/** SIGKILL. */
	async kill(): Promise<void> {
		await this.#child?.kill();
		this.#child = undefined;
	}

	/** Out of service for good. */
	async drop(): Promise<void> {
		await this.stop();
		this.#isDropped = true;
	}

	async look(): Promise<Snapshot> {
		const [ledger, calls] = await Promise.all([
			this.#running.ask<readonly LedgerEntry[]>('ledger?limit=1000'),
			this.#running.ask<readonly unknown[]>('calls'),
		]);
		return {ledger, calls: calls.length};
	}

	/** Alerts and events since the last time. */
	async news(): Promise<News> {
		const alerts = await this.#running.ask<readonly Alert[]>(`alerts?after=${this.#lastAlert}`);
		this.#lastAlert = alerts.at(-1)?.sequence ?? this.#lastAlert;
		const events = this.#running.taken('call-established', 'call-refused', 'call-ended', 'failure');
		return {alerts, events};
	}

	/** The same, where something must come: as soon as there is any, or nothing after a while. */
	async newsOf(isThere: (news: News) => boolean): Promise<News> {
		let all: News = {alerts: [], events: []};
		for (let tries = 0; tries < 100; tries++) {
			const {alerts, events} = await this.news();
			all = {alerts: [...all.alerts, ...alerts], events: [...all.events, ...events]};
			if (isThere(all)) {
				break;
			}

			await delay(20);
		}

		return all;
	}

	get #running(): GatewayChild {
		if (this.#child === undefined) {
			throw new SallyportError('SCENARIO_NOT_RUNNABLE', `Expected the node ${this.name} to run, but it does not.`);
		}

		return this.#child;
	}
}
