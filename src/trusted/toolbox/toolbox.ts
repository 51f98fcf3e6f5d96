import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {type Clock, systemClock} from '../../base/clock.js';
import {SallyportError} from '../../base/error.js';
import type {CertificateValidator} from '../certificates/certificate-validator.js';
import type {KeyChannelReply, KeyChannelRequest} from '../media/protocol.js';
import type {CmsProvider} from '../smime/cms-provider.js';
import {type AlertCounters, AlertLog} from './alerts/alert-log.js';
import {authorizeBridge, endCall, mintKeys, redeem} from './call-authority.js';
import {CallTable} from './calls/call-table.js';
import type {KeyVault} from './calls/key-vault.js';
import {NativeKeyVault} from './calls/native-key-vault.js';
import {Challenges} from './challenge/challenges.js';
import {readCredentials} from './challenge/credentials.js';
import type {StateDatabase} from './databases/state-database.js';
import {recordState} from './databases/state-record.js';
import {Engine, type EngineCounters} from './engine/engine.js';
import {RefusedBodies} from './engine/refused-bodies.js';
import type {Template} from './engine/template.js';
import {TemplateDatabase} from './engine/template-database.js';
import {TemplateSigners, type TemplateText} from './engine/template-signers.js';
import {WorkQueue} from './engine/work-queue.js';
import {filterInbound} from './filter-inbound.js';
import {filterOutbound} from './filter-outbound.js';
import {Ledger} from './ledger/ledger.js';
import {ledgerLimits} from './ledger/ledger-limits.js';
import type {LedgerRecord} from './ledger/ledger-record.js';
import type {LedgerStore} from './ledger/ledger-store.js';
import {LedgerWatch} from './ledger/ledger-watch.js';
import {hadLedger} from './ledger/open-ledger-store.js';
import {OriginAdministration} from './origin/origin-administration.js';
import {OriginMonitor} from './origin/origin-monitor.js';
import {OriginPresence} from './origin/presence.js';
import {fingerprintOf, Policy} from './policy/policy.js';
import {parseToolboxOptions, type ToolboxOptions} from './policy/toolbox-options.js';
import type {
	Alert,
	Denial,
	FilterInbound,
	FilterOutbound,
	LedgerEntry,
	Outbound,
	Release,
	ToolboxReply,
	ToolboxRequest,
} from './protocol.js';
import {SteadyTime} from './steady-time.js';
import {
	loadTemplates,
	reloadTemplates,
	replaceTemplate,
	type TemplateReload,
	type TemplateReplacement,
} from './template-replacement.js';
import {tryTemplate} from './template-trial.js';
import {firstCertificate, openResources, openValidator} from './toolbox-opening.js';
import type {ToolboxState} from './toolbox-state.js';
import {toolRegistry} from './tools/registry.js';

/** Parts that replace the toolbox's own: for tests, and for stores that several gateways share. */
export type ToolboxParts = {
	readonly clock?: Clock;
	readonly cms?: CmsProvider;
	readonly validator?: CertificateValidator;
	readonly vault?: KeyVault;
	/** A store that other nodes write to as well: reservations of theirs are held for three minutes. */
	readonly sharedLedger?: LedgerStore;
};

/**
 * The security toolbox (DESIGN §5): the trusted domain. It holds the long-term keys, the templates, the policy and the
 * ledger, and answers requests of plain data. `ToolboxDomain` puts it behind message ports.
 */
export class Toolbox {
	readonly #state: ToolboxState;
	readonly #database: StateDatabase;
	readonly #sweep: NodeJS.Timeout;
	readonly #watch: LedgerWatch;
	/** Requests of one call run one after another. */
	readonly #turns = new Map<string, Promise<unknown>>();

	readonly #replacement: TemplateReplacement;

	private constructor(state: ToolboxState, database: StateDatabase, replacement: TemplateReplacement) {
		this.#state = state;
		this.#database = database;
		this.#replacement = replacement;
		const {ledger, alerts} = state.services;
		this.#watch = new LedgerWatch(ledger, state.time, (reason, detail) => {
			alerts.raise({atMs: state.time.nowMs(), kind: 'fault', reason, identity: '', origin: null, call: '', detail});
		});
		this.#sweep = setInterval(() => void this.sweep().catch(() => {}), sweepIntervalMs);
		this.#sweep.unref();
	}

	/**
	 * Opens a toolbox. Rejects with `SallyportError`: BAD_OPTIONS, LEDGER_DAMAGED, AUDIT_DAMAGED, the codes of keys and
	 * certificates that cannot be read, and those of templates.
	 */
	static async open(options: ToolboxOptions, parts: ToolboxParts = {}): Promise<Toolbox> {
		const checked = parseToolboxOptions(options);
		const {directory, freshness = {maxAgeSeconds: 300, maxFutureSeconds: 60}} = checked;
		const policy = new Policy(checked);
		const templates = new TemplateDatabase(toolRegistry);
		const texts = (checked.templates ?? []).map((text) => (typeof text === 'string' ? {yaml: text} : text));
		for (const [index, {yaml}] of texts.entries()) {
			templates.check(yaml, `templates[${index}]`);
		}

		const signers = checked.templateSigners && new TemplateSigners(checked.templateSigners);
		mkdirSync(directory, {recursive: true, mode: 0o700});
		const clock = parts.clock ?? systemClock;
		const isShared = parts.sharedLedger !== undefined || checked.ledger?.redis !== undefined;
		const time = SteadyTime.start(clock, join(directory, 'ledger.clock'), !isShared && !hadLedger(checked));
		const validator = parts.validator ?? openValidator(checked);
		// What can be refused comes first, so that a refusal leaves nothing open.
		const {audit, database, identities, cms, store} = await openResources(checked, parts, policy, time);
		const services = {
			policy,
			cms,
			validator,
			ledger: new Ledger(store, {
				...ledgerLimits(checked, isShared),
				staleBeforeMs: time.staleBeforeMs,
			}),
			origins: new OriginMonitor(database.origins, checked.origins),
			presence: new OriginPresence(checked.origins),
			challenges: new Challenges(readCredentials(checked), checked.challengeSeconds),
			alerts: new AlertLog(database.alerts),
			calls: new CallTable(parts.vault ?? new NativeKeyVault()),
			clock,
			ownCertificates: identities.map(({certificate}) => fingerprintOf(firstCertificate(certificate))),
			freshness,
		};
		const engine = new Engine({
			uniformFailureMs: checked.uniformFailureMs ?? 20,
			refusedBodies: new RefusedBodies(),
			workQueue: new WorkQueue(checked.publicKeyWork),
		});
		const state = {services, engine, templates, audit, time};
		const toolbox = new Toolbox(state, database, {state, signers, store: database.templates});
		try {
			await loadTemplates(toolbox.#replacement, texts, database.templates);
			await recordState(database, checked, [...toolRegistry.keys()], templates.list());
			if (audit.lost > 0) {
				toolbox.refuse('AUDIT_TRUNCATED', '');
			}

			await toolbox.sweep();
			return toolbox;
		} catch (error) {
			await toolbox.close();
			throw error;
		}
	}

	get templates(): readonly Template[] {
		return this.#state.templates.list();
	}

	/** Calls that live, and handles and tickets that are out. */
	get load(): {readonly calls: number; readonly issued: number} {
		const {calls} = this.#state.services;
		return {calls: calls.size, issued: calls.issued};
	}

	/** Tells of each alert as it is raised, until the function that it returns is called. */
	onAlert(listener: (alert: Alert) => void): () => void {
		return this.#state.services.alerts.subscribe(listener);
	}

	/** Whose arithmetic S/MIME works by. */
	get cmsProvider(): CmsProvider['name'] {
		return this.#state.services.cms.name;
	}

	/** Alerts since the start, by kind, and those that were suppressed. */
	get alertCounters(): AlertCounters {
		return this.#state.services.alerts.counters;
	}

	/** Public-key work that was spared or refused since the start. */
	get workCounters(): EngineCounters {
		return this.#state.engine.counters;
	}

	/** What the operator may see and change of the origin monitor. Never for the user domain. */
	get origins(): OriginAdministration {
		const {services, audit, time} = this.#state;
		return new OriginAdministration(services.origins, audit, () => time.nowMs());
	}

	/** Answers a request of the user domain. Never rejects: what is not acceptable is `refused`. */
	async handle(request: ToolboxRequest): Promise<ToolboxReply> {
		try {
			return 'call' in request
				? await this.#inTurn(request.call, () => this.#handle(request))
				: await this.#handle(request);
		} catch (error) {
			const code = error instanceof SallyportError ? error.code : 'INTERNAL';
			const message = error instanceof SallyportError ? error.message : 'Expected no fault, met one.';
			this.refuse(code, 'call' in request ? request.call : '');
			return {verdict: 'refused', code, message};
		}
	}

	/** Answers a request of the media domain. Never rejects. */
	async redeem(request: KeyChannelRequest): Promise<KeyChannelReply> {
		try {
			const reply = await this.#inTurn(request.call, () => redeem(this.#state, request));
			if (!reply.ok) {
				this.refuse(reply.code, request.call);
			}

			return reply;
		} catch (error) {
			const code = error instanceof SallyportError ? error.code : 'INTERNAL';
			this.refuse(code, request.call);
			return {ok: false, code, message: 'Expected to hand the key over, but could not.'};
		}
	}

	/** Writes down that a domain asked for what it may not have, and raises the alarm. Never throws. */
	refuse(code: string, call: string): void {
		try {
			this.#writeRefusal(code, call);
		} catch {
			// Where nothing can be written the refusal stands all the same.
		}
	}

	#writeRefusal(code: string, call: string): void {
		const {services, audit, time} = this.#state;
		const atMs = time.nowMs();
		const isFull = code === 'AUDIT_UNAVAILABLE';
		services.alerts.raise({
			atMs,
			kind: isFull ? 'fault' : 'domain',
			reason: code,
			identity: '',
			origin: null,
			call,
			detail: isFull
				? 'The audit log cannot be written: nothing is let through.'
				: 'A request between the domains was refused.',
		});
		audit.append(atMs, 'refused', {call, code});
	}

	/**
	 * Puts a template in force for messages that come from now on, over restarts too: it needs a higher version than the one of its name, and
	 * the signature that `templateSigners` asks for. Rejects with `SallyportError` (codes TEMPLATE_…); nothing is then changed.
	 */
	async replaceTemplate(text: TemplateText, source = 'replacement'): Promise<Template> {
		return this.#inTurn('', () => replaceTemplate(this.#replacement, text, source));
	}

	/** Does so with every text that is not in force yet, such as those of a configuration that was read again. Never rejects. */
	async reloadTemplates(texts: readonly (string | TemplateText)[]): Promise<TemplateReload> {
		const all = texts.map((text) => (typeof text === 'string' ? {yaml: text} : text));
		return this.#inTurn('', () => reloadTemplates(this.#replacement, all));
	}

	/** Runs a template over a message, whatever policy would have chosen: see `tryTemplate`. Never for the user domain. */
	async tryTemplate(name: string, request: FilterInbound | FilterOutbound): Promise<Release | Outbound | Denial> {
		return this.#inTurn(request.call, () => tryTemplate(this.#state, name, request));
	}

	/** Forgets what has run out, and looks after clock and disk; runs by itself every minute. */
	async sweep(): Promise<number> {
		this.#state.services.origins.sweep(this.#state.time.nowMs());
		this.#state.services.alerts.sweep(this.#state.time.nowMs());
		return this.#watch.run();
	}

	async close(): Promise<void> {
		clearInterval(this.#sweep);
		await Promise.allSettled(this.#turns.values());
		const {services, audit, time} = this.#state;
		try {
			time.note();
		} catch {
			// The next start has no proof of continuity then.
		}

		for (const call of services.calls.names()) {
			services.calls.end(call);
		}

		await services.cms.close();
		await services.ledger.close();
		await this.#database.close();
		audit.close();
	}

	async #handle(request: ToolboxRequest): Promise<ToolboxReply> {
		const state = this.#state;
		switch (request.kind) {
			case 'filter-inbound':
				return filterInbound(state, request);
			case 'filter-outbound':
				return filterOutbound(state, request);
			case 'mint-keys':
				return {verdict: 'keys', handles: await mintKeys(state, request)};
			case 'authorize-bridge':
				return {verdict: 'ticket', ticket: authorizeBridge(state, request)};
			case 'end-call':
				await endCall(state, request.call, request.reason);
				return {verdict: 'done'};
			case 'keep-call':
				state.services.calls.keepSnapshot(request.call, request.snapshot);
				return {verdict: 'done'};
			case 'read-calls':
				return {verdict: 'calls', calls: state.services.calls.kept(request.after)};
			case 'read-alerts':
				return {verdict: 'alerts', alerts: state.services.alerts.read(request.afterSequence, request.limit)};
			case 'read-origins':
				return {verdict: 'origins', origins: this.origins.list(request.after, request.limit)};
			case 'read-ledger':
				return {verdict: 'ledger', entries: state.services.ledger.newest(request.limit).map(entryOf)};
			case 'read-work':
				return {verdict: 'work', counters: this.workCounters};
		}
	}

	async #inTurn<Outcome>(call: string, work: () => Promise<Outcome>): Promise<Outcome> {
		const before = this.#turns.get(call) ?? Promise.resolve();
		const turn = before.then(work, work);
		this.#turns.set(call, turn);
		try {
			return await turn;
		} finally {
			if (this.#turns.get(call) === turn) {
				this.#turns.delete(call);
			}
		}
	}
}

function entryOf(record: LedgerRecord): LedgerEntry {
	const {kind, fingerprint, state, callId, offererTag, signer, atMs} = record;
	return {kind, fingerprint, state, callId, fromTag: offererTag, signer, atMs};
}

const sweepIntervalMs = 60_000;
