import {setTimeout as pause} from 'node:timers/promises';
import {type Clock, systemClock} from '../../base/clock.js';
import {invariant, SallyportError} from '../../base/error.js';
import {AdminServer} from '../../control/admin-server.js';
import {defaultSuites, type GatewayOptions, type ProcessIdentities} from '../../gateway/gateway-options.js';
import {openToolbox} from '../../gateway/trusted-domains.js';
import type {MediaPlaneReport} from '../../trusted/media/plane-report.js';
import type {Hardening} from '../../trusted/media/processes/native-domains.js';
import {createSocketPair} from '../../trusted/media/processes/socket-pair.js';
import type {MasterKey} from '../../trusted/media/srtp/master-key.js';
import {NativeKeyVault} from '../../trusted/toolbox/calls/native-key-vault.js';
import type {ToolboxOptions} from '../../trusted/toolbox/policy/toolbox-options.js';
import type {TemplateReload} from '../../trusted/toolbox/template-replacement.js';
import type {Toolbox} from '../../trusted/toolbox/toolbox.js';
import {ToolboxDomain} from '../../trusted/toolbox/toolbox-domain.js';
import type {SrtpSuiteName} from '../../wire/sdes/suites.js';
import {adminSource, type Say, type UserQuestion} from '../gateway-events.js';
import {originCommands} from '../origin/origin-commands.js';
import {DomainProcess} from './child-process.js';
import {packageRoot} from './confinement.js';
import type {Listening} from './control-messages.js';
import {isolationReport} from './isolation-report.js';
import {demandReach, dropPrivileges, grantedIdentities} from './privileges.js';
import {RestartSchedule} from './restart-schedule.js';
import {toolboxReader} from './toolbox-reader.js';

export type SeparateDomainsOptions = {
	readonly clock: Clock;
	readonly say: Say;
	/** Of this process. */
	readonly hardening: Hardening;
};

type Role = DomainProcess['role'];

/**
 * The toolbox process and the two that it starts and watches over: the media process (packets, keys of live calls) and the
 * user process (SIP). One that dies is started again. When media is gone the user process ends its calls; when the user
 * process is gone media flows on; when this process is gone so are the others.
 */
export class SeparateDomains {
	readonly suites: readonly SrtpSuiteName[];
	readonly adminSocket: string | undefined;
	/** Resolves when it cannot go on. */
	readonly lost: Promise<string>;
	readonly #options: GatewayOptions;
	readonly #surroundings: SeparateDomainsOptions;
	readonly #wanted: ProcessIdentities;
	readonly #identities: ProcessIdentities;
	readonly #schedules = {media: new RestartSchedule(), user: new RestartSchedule()};
	readonly #giveUp: (reason: string) => void;
	#toolbox: Toolbox | undefined;
	#domain: ToolboxDomain | undefined;
	#admin: AdminServer | undefined;
	#media: DomainProcess | undefined;
	#user: DomainProcess | undefined;
	/** Ports resolved. */
	#listening: readonly Listening[] = [];
	#mediaReport: MediaPlaneReport | undefined;
	/** What a user process that is started again need not post. */
	#postedAlert: number | undefined;
	/** Restarts, one after the other. */
	#restarts: Promise<void> = Promise.resolve();
	#clockTicks: NodeJS.Timeout | undefined;
	#closing: Promise<void> | undefined;

	private constructor(options: GatewayOptions, surroundings: SeparateDomainsOptions) {
		const {isolation = 'process', suites = defaultSuites, adminSocket} = options;
		this.suites = suites;
		this.adminSocket = adminSocket;
		this.#options = options;
		this.#surroundings = surroundings;
		this.#wanted = typeof isolation === 'object' ? isolation : {};
		this.#identities = grantedIdentities(this.#wanted);
		const {promise, resolve} = withResolvers<string>();
		this.lost = promise;
		this.#giveUp = resolve;
	}

	/**
	 * Rejects as `openGateway` does, and with `ADMIN_SOCKET_FAILED`, `LAUNCHER_ABSENT`, `PROGRAM_UNREADABLE`, `PROCESS_FAILED`; nothing is then left
	 * running.
	 */
	static async start(options: GatewayOptions, surroundings: SeparateDomainsOptions): Promise<SeparateDomains> {
		const domains = new SeparateDomains(options, surroundings);
		try {
			await domains.#start();
			return domains;
		} catch (error) {
			await domains.close();
			throw error;
		}
	}

	get listening(): readonly Listening[] {
		return this.#listening;
	}

	/** Of the media process that runs. */
	get mediaReport(): MediaPlaneReport {
		invariant(this.#mediaReport, 'the media process is up first');
		return this.#mediaReport;
	}

	reloadTemplates(texts: NonNullable<ToolboxOptions['templates']>): Promise<TemplateReload> {
		invariant(this.#toolbox, 'the toolbox is open first');
		return this.#toolbox.reloadTemplates(texts);
	}

	/** Whose arithmetic S/MIME works by. */
	get cmsProvider(): Toolbox['cmsProvider'] | undefined {
		return this.#toolbox?.cmsProvider;
	}

	/** Ends calls with BYE, then the user process, the media process and the toolbox, in this order. Safe twice. */
	close(): Promise<void> {
		this.#closing ??= (async () => {
			clearInterval(this.#clockTicks);
			await this.#admin?.close();
			await this.#user?.stop();
			await this.#media?.stop();
			await this.#restarts;
			this.#domain?.close();
			await this.#toolbox?.close();
		})();
		return this.#closing;
	}

	/** Where privileges are to be dropped, what needs them comes first: the files of the toolbox are then opened without. */
	async #start(): Promise<void> {
		const {
			toolbox: {directory},
			adminSocket,
		} = this.#options;
		const {toolbox: identity} = this.#identities;
		demandReach(this.#identities, packageRoot);
		if (identity === undefined) {
			await this.#openToolbox();
		}

		if (adminSocket !== undefined) {
			this.#admin = await AdminServer.open(
				adminSocket,
				// The operator's door is the toolbox's: what he changes is trusted, and of calls the user process is asked.
				adminSource(
					{
						calls: () => this.#askUser('calls'),
						statistics: () => this.#askUser('statistics'),
						counters: () => this.#askUser('counters'),
					},
					toolboxReader(() => this.#toolbox),
				),
				originCommands(this.#toolbox?.origins),
			);
		}

		const [media, user] = [this.#spawn('media'), this.#spawn('user')];
		this.#media = media;
		this.#user = user;
		const hardening = identity && dropPrivileges(identity, directory);
		if (identity !== undefined) {
			await this.#openToolbox();
		}

		const reports = {media: await this.#bringUp(media), user: await this.#bringUp(user)};
		if (this.#surroundings.clock !== systemClock) {
			this.#clockTicks = setInterval(() => this.#moveClock(), clockTickMs);
		}

		this.#surroundings.say(
			'isolation',
			isolationReport({
				wanted: this.#wanted,
				granted: this.#identities,
				hardening: hardening ?? this.#surroundings.hardening,
				media: {pid: media.pid, report: reports.media.report},
				user: {pid: user.pid, report: reports.user.report},
				toolboxDirectory: directory,
			}),
		);
	}

	async #openToolbox(): Promise<void> {
		const vault = new NativeKeyVault((key) => this.#deposit(key));
		this.#toolbox = await openToolbox(this.#options.toolbox, this.#surroundings.clock, vault);
		this.#domain = new ToolboxDomain(this.#toolbox);
	}

	/** What is asked after a move of a pretended clock is answered after it. */
	async #askUser(what: UserQuestion): Promise<unknown> {
		this.#moveClock();
		return (await this.#user?.ask(what)) ?? [];
	}

	/** The media process that is there takes it, natively. */
	#deposit(key: MasterKey): string {
		if (this.#media === undefined) {
			throw new SallyportError('KEY_CHANNEL_CLOSED', 'Expected a media process to give the key to.');
		}

		return this.#media.keys.sendKey(key);
	}

	#spawn(role: Role): DomainProcess {
		const identity = this.#identities[role];
		const isUser = role === 'user';
		return DomainProcess.start({
			role,
			confinement: {
				...(identity && {identity}),
				// The user process may still send its BYEs.
				parentDeathSignal: isUser ? 'SIGTERM' : 'SIGKILL',
				mayBindPrivilegedPorts: isUser,
			},
			onEvent: (event, figures) => this.#surroundings.say(event, figures),
			onAlertPosted: (sequence) => {
				this.#postedAlert = sequence;
			},
			onBreach: (what) => this.#onBreach(role, what),
		});
	}

	/** Rejects where the process does not come up; it is gone then. */
	async #bringUp(child: DomainProcess): ReturnType<DomainProcess['ready']> {
		const manners = {onBreach: () => child.breach('BAD_REQUEST')};
		try {
			if (child.role === 'media') {
				this.#media = child;
				this.#domain?.attachMedia(child.requests, manners);
				const {media, maxCalls = 1000} = this.#options;
				const ready = await child.ready({kind: 'start', media, maxCalls});
				this.#mediaReport = ready.mediaReport;
				this.#watch(child);
				return ready;
			}

			this.#user = child;
			const lastBefore = this.#toolbox?.alertCounters.last;
			this.#domain?.attachUser(child.requests, manners);
			this.#join();
			const ready = await child.ready(this.#userStart());
			this.#listening = ready.listening ?? [];
			this.#postedAlert ??= lastBefore;
			this.#watch(child);
			return ready;
		} catch (error) {
			child.kill();
			await child.exited;
			throw error;
		}
	}

	#userStart(): Parameters<DomainProcess['ready']>[0] {
		const {toolbox: _, isolation: __, adminSocket: ___, ...options} = this.#options;
		return {
			kind: 'start',
			options: {...options, listen: resolvedPorts(options.listen, this.#listening)},
			mediaReport: this.mediaReport,
			clockShiftMs: this.#clockShiftMs(),
			...(this.#postedAlert !== undefined && {alertsAfter: this.#postedAlert}),
		};
	}

	#moveClock(): void {
		if (this.#surroundings.clock !== systemClock) {
			this.#user?.moveClock(this.#clockShiftMs());
		}
	}

	#clockShiftMs(): number {
		return Math.round(this.#surroundings.clock.wallMs() - systemClock.wallMs());
	}

	/** Gives the user process a link to the media process. */
	#join(): void {
		if (this.#media === undefined || this.#user === undefined) {
			return;
		}

		const [ofMedia, ofUser] = createSocketPair('stream');
		try {
			this.#media.giveLink(ofMedia);
		} finally {
			this.#user.giveLink(ofUser);
		}
	}

	#watch(child: DomainProcess): void {
		void child.exited.then((how) => {
			if (this.#closing !== undefined) {
				return;
			}

			this.#surroundings.say('process-ended', {process: child.role, how});
			if (this.#identities.toolbox === undefined) {
				this.#restarts = this.#restarts.then(() => this.#restart(child.role));
			} else {
				// Without privileges nobody can be given an identity again.
				this.#giveUp(`${child.role}-lost`);
			}
		});
	}

	async #restart(role: Role): Promise<void> {
		while (this.#closing === undefined) {
			await pause(this.#schedules[role].nextDelayMs(performance.now()));
			if (this.#closing !== undefined) {
				return;
			}

			try {
				const child = this.#spawn(role);
				await this.#bringUp(child);
				if (role === 'media') {
					this.#join();
				}

				this.#surroundings.say('process-started', {process: role, pid: child.pid});
				return;
			} catch (error) {
				this.#surroundings.say('failure', {code: error instanceof SallyportError ? error.code : 'INTERNAL'});
			}
		}
	}

	#onBreach(role: Role, what: string): void {
		this.#toolbox?.refuse('LINK_BREACH', '');
		const isByOther = what === 'USER_LINK' || what === 'MEDIA_LINK';
		const culprit = what === 'USER_LINK' ? 'user' : what === 'MEDIA_LINK' ? 'media' : role;
		this.#surroundings.say('link-breach', {process: culprit, what});
		if (isByOther) {
			(culprit === 'user' ? this.#user : this.#media)?.kill();
		}
	}
}

/** Where ports were left to the system, those that it chose the first time. */
function resolvedPorts(listen: GatewayOptions['listen'], listening: readonly Listening[]): GatewayOptions['listen'] {
	let at = 0;
	return listen.map((entry) => {
		const port = listening[at]?.port ?? entry.port;
		at += entry.transport === 'udp+tcp' ? 2 : 1;
		return {...entry, port};
	});
}

function withResolvers<Value>(): {readonly promise: Promise<Value>; readonly resolve: (value: Value) => void} {
	let resolve: (value: Value) => void = () => {};
	const promise = new Promise<Value>((settle) => {
		resolve = settle;
	});
	return {promise, resolve};
}

/** How late the user process may be where the clock is pretended. */
const clockTickMs = 50;
