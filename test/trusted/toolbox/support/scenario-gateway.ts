import {cpSync, existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {MasterKey} from '#dist/trusted/media/srtp/index.js';
import {Toolbox, type ToolboxOptions} from '#dist/trusted/toolbox/index.js';
import type {Denial, Release} from '#dist/trusted/toolbox/protocol.js';
import {header, withHeader} from '#dist/wire/sip/headers.js';
import type {SipRequest, SipResponse} from '#dist/wire/sip/message.js';
import {parseSipMessage} from '#dist/wire/sip/parse-message.js';
import {ManualClock} from './world.js';

export const attacksFolder = resolve('../shared/vectors/attacks');

export type ScenarioStep = {
	readonly t: number;
	readonly send?: string;
	readonly srcIp?: string;
	readonly srcPort?: number;
	readonly action?: string;
	readonly to?: string;
	readonly status?: number;
	readonly stage?: 'before-opening' | 'after-opening';
	readonly expect?: string;
	readonly alsoExpect?: string;
	readonly inDialog?: boolean;
};

export type Scenario = {
	readonly id: string;
	readonly variant: string;
	readonly clock: string;
	readonly policy?: {
		readonly binding?: 'none' | 'proxy';
		readonly origin?: 'observe' | 'pin';
		readonly authentication?: string;
		readonly addresses?: Readonly<Record<string, readonly string[]>>;
	};
	readonly steps: readonly ScenarioStep[];
};

export type ScenarioFile = {
	readonly freshness: {readonly maxAgeSeconds: number; readonly maxFutureSeconds: number};
	readonly policy: {readonly localDomains: readonly string[]};
	readonly scenarios: readonly Scenario[];
};

export function readScenarios(): ScenarioFile | undefined {
	const path = join(attacksFolder, 'scenarios.json');
	return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as ScenarioFile) : undefined;
}

export function readMessage(file: string): SipRequest {
	const parsed = parseSipMessage(readFileSync(join(attacksFolder, file)));
	if (!parsed.ok || parsed.value.kind !== 'request') {
		throw new Error(`Expected a request in ${file}.`);
	}

	return parsed.value;
}

type LiveCall = {
	readonly call: string;
	readonly callId: string;
	readonly tag: string;
	readonly toTag: string;
	installed: string;
};

/** A gateway's user and media domain reduced to what the scenarios need: calls, dialogs and answers. */
export class ScenarioGateway {
	readonly clock: ManualClock;
	readonly #file: ScenarioFile;
	readonly #scenario: Scenario;
	#directory = mkdtempSync(join(tmpdir(), 'sallyport-scenario-'));
	#toolbox: Toolbox | undefined;
	#calls: LiveCall[] = [];
	#transactions = new Map<string, string>();
	#answerNext: ScenarioStep | undefined;
	#names = 0;
	#alertsSeen = 0;

	constructor(file: ScenarioFile, scenario: Scenario) {
		this.#file = file;
		this.#scenario = scenario;
		this.clock = new ManualClock(Date.parse(scenario.clock));
	}

	async start(): Promise<void> {
		const {binding = 'none', origin = 'observe', addresses = {}} = this.#scenario.policy ?? {};
		const pki = (name: string) => readFileSync(resolve(attacksFolder, '../sipsmime/pki', name), 'utf8');
		const options: ToolboxOptions = {
			directory: this.#directory,
			identities: ['gw', 'gwrsa'].map((name) => ({certificate: pki(`${name}.pem`), privateKey: pki(`${name}.key`)})),
			trustAnchors: [pki('ca.pem')],
			localDomains: this.#file.policy.localDomains,
			freshness: this.#file.freshness,
			defaults: {binding, origin},
			peers: Object.entries(addresses).map(([aor, known]) => ({name: aor, match: {aor}, addresses: known})),
			uniformFailureMs: 5,
		};
		this.#toolbox = await Toolbox.open(options, {clock: this.clock});
	}

	async act(step: ScenarioStep): Promise<void> {
		switch (step.action) {
			case 'bye':
				await this.#end(this.#calls.pop());
				break;
			case 'restart-node':
				await this.#toolbox?.close();
				this.#forget();
				await this.start();
				break;
			case 'kill-node': {
				// What a SIGKILL leaves is what is on disk now.
				const copy = mkdtempSync(join(tmpdir(), 'sallyport-scenario-'));
				cpSync(this.#directory, copy, {recursive: true});
				await this.#toolbox?.close();
				rmSync(this.#directory, {recursive: true});
				this.#directory = copy;
				this.#toolbox = undefined;
				this.#forget();
				break;
			}
			case 'start-node':
				await this.start();
				break;
			case 'advance-clock':
				this.clock.advance(Date.parse(step.to ?? '') - this.clock.wallMs());
				break;
			case 'answer-next':
				this.#answerNext = step;
				break;
			default:
				throw new Error(`Expected an action that is known, got ${step.action}.`);
		}
	}

	/** Sends what the step says and returns the word for what came of it. */
	async send(step: ScenarioStep): Promise<{readonly word: string; readonly alerts: readonly string[]}> {
		const message = readMessage(step.send ?? '');
		const word = await this.#receive(message, step);
		const alerts = await this.#newAlerts();
		return {word, alerts};
	}

	async dispose(): Promise<void> {
		await this.#toolbox?.close();
		rmSync(this.#directory, {recursive: true, force: true});
	}

	async #receive(received: SipRequest, step: ScenarioStep): Promise<string> {
		const origin = {transport: 'udp', address: step.srcIp ?? '', port: step.srcPort ?? 5060} as const;
		const branch = `${header(received, 'Via')} ${origin.address}`;
		const before = this.#transactions.get(branch);
		if (before !== undefined) {
			return `absorbed ${before}`;
		}

		const word = await this.#process(received, step, origin);
		this.#transactions.set(branch, word);
		return word;
	}

	async #process(
		received: SipRequest,
		step: ScenarioStep,
		origin: {readonly transport: 'udp'; readonly address: string; readonly port: number},
	): Promise<string> {
		const planned = this.#answerNext;
		if (this.#scenario.policy?.authentication === 'digest' && header(received, 'Authorization') === undefined) {
			return '401';
		}

		if (planned?.stage === 'before-opening') {
			this.#answerNext = undefined;
			return String(planned.status);
		}

		const callId = header(received, 'Call-ID') ?? '';
		const live = step.inDialog ? this.#calls.find((call) => call.callId === callId) : undefined;
		const message = live ? withHeader(received, 'To', `${header(received, 'To')};tag=${live.toTag}`) : received;
		const call = live?.call ?? `call-${++this.#names}`;
		const verdict = await this.#filter(message, call, origin);
		if (verdict.verdict === 'denial') {
			return verdict.reason;
		}

		if (planned) {
			this.#answerNext = undefined;
			return String(planned.status);
		}

		return this.#accept(message, verdict, call, live);
	}

	async #filter(message: SipRequest, call: string, origin: {transport: 'udp'; address: string; port: number}) {
		const reply = await this.#toolbox?.handle({kind: 'filter-inbound', call, leg: 'a', role: 'offer', origin, message});
		if (reply?.verdict !== 'release' && reply?.verdict !== 'denial') {
			throw new Error(`Expected a verdict, got ${JSON.stringify(reply)}.`);
		}

		return reply as Release | Denial;
	}

	/** Chooses the first key, installs it as the media domain would, and answers. */
	async #accept(message: SipRequest, release: Release, call: string, live: LiveCall | undefined): Promise<string> {
		const toolbox = this.#toolbox as Toolbox;
		const [key] = release.keys;
		if (!key) {
			throw new Error('Expected a key.');
		}

		const isNew = live?.installed !== key.handle;
		if (isNew) {
			const redeemed = await toolbox.redeem({kind: 'redeem-peer-key', key: key.handle, call, leg: 'a'});
			if (!redeemed.ok || !('slot' in redeemed)) {
				return redeemed.ok ? 'no slot' : redeemed.code;
			}

			MasterKey.claim(redeemed.slot).destroy();
		}

		const made = await toolbox.handle({kind: 'mint-keys', call, leg: 'a', suites: [key.suite]});
		const own = made.verdict === 'keys' ? made.handles[0] : '';
		const toTag = live?.toTag ?? `gw-${call}`;
		const answered = await toolbox.handle({
			kind: 'filter-outbound',
			call,
			leg: 'a',
			role: 'answer',
			message: this.#answer(message, toTag, `a=crypto:${key.tag} ${key.suite} handle:${own}`),
		});
		if (answered.verdict !== 'outbound' || answered.protection !== 'sealed') {
			return `answer ${JSON.stringify(answered)}`;
		}

		if (live) {
			live.installed = key.handle;
			return isNew ? 'accepted with a new key' : 'accepted with the same key';
		}

		const callId = header(message, 'Call-ID') ?? '';
		const tag = /;tag=(.*)$/.exec(header(message, 'From') ?? '')?.[1] ?? '';
		this.#calls.push({call, callId, tag, toTag, installed: key.handle});
		return 'accepted';
	}

	#answer(request: SipRequest, toTag: string, crypto: string): SipResponse {
		const of = (name: string) => header(request, name) ?? '';
		const to = of('To');
		const sdp = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\n${crypto}\r\n`;
		return {
			kind: 'response',
			status: 200,
			reason: 'OK',
			headers: [
				{name: 'Via', value: of('Via')},
				{name: 'From', value: of('From')},
				{name: 'To', value: to.includes(';tag=') ? to : `${to};tag=${toTag}`},
				{name: 'Call-ID', value: of('Call-ID')},
				{name: 'CSeq', value: of('CSeq')},
				{name: 'Contact', value: '<sip:gw.example.com>'},
				{name: 'Content-Type', value: 'application/sdp'},
			],
			body: Buffer.from(sdp),
		};
	}

	async #newAlerts(): Promise<readonly string[]> {
		const reply = await this.#toolbox?.handle({kind: 'read-alerts', afterSequence: this.#alertsSeen, limit: 1000});
		const alerts = reply?.verdict === 'alerts' ? reply.alerts : [];
		this.#alertsSeen = alerts.at(-1)?.sequence ?? this.#alertsSeen;
		return alerts.map(({kind}) => kind);
	}

	async #end(live: LiveCall | undefined): Promise<void> {
		if (live) {
			await this.#toolbox?.handle({kind: 'end-call', call: live.call, reason: 'bye'});
		}
	}

	#forget(): void {
		this.#calls = [];
		this.#transactions = new Map();
	}
}
