import process from 'node:process';
import type {Command} from 'commander';
import {type Clock, systemClock} from '../base/clock.js';
import {SallyportError} from '../base/error.js';
import {AdminServer} from '../control/admin-server.js';
import type {GatewayOptions} from '../gateway/gateway-options.js';
import {openGateway, type RunningGateway} from '../gateway/open-gateway.js';
import {hardenProcess} from '../trusted/media/processes/process-hardening.js';
import {clockOfFile} from './clock-file.js';
import {readConfiguration} from './configuration-file.js';
import {adminSource, postAlerts, type Say, userSource, watchGateway} from './gateway-events.js';
import {originCommands} from './origin/origin-commands.js';
import {SeparateDomains} from './processes/separate-domains.js';
import {clockPretending} from './shifted-clock.js';
import {claimState} from './state-claim.js';

type ServeOptions = {
	readonly config: string;
	readonly json?: boolean;
	/** ISO 8601. */
	readonly pretendTime?: string;
	readonly pretendTimeFile?: string;
};

/** `sallyport serve`: the gateway as a daemon, until SIGINT or SIGTERM. */
export function registerServeCommand(program: Command): void {
	program
		.command('serve')
		.description('run the gateway until it is told to stop (SIGINT, SIGTERM)')
		.requiredOption('-c, --config <file>', 'YAML configuration, see docs/configuration.md')
		.option('--json', 'print events as JSON, one to a line')
		.option('--pretend-time <time>', 'ISO 8601: let the clock begin there, for dated test material; NEVER in service')
		.option('--pretend-time-file <file>', 'the same, with a clock that stands still at what the file says')
		.action(serve);
}

async function serve({config, json = false, ...pretended}: ServeOptions): Promise<void> {
	const hardening = hardenProcess();
	const options = readConfiguration(config);
	const clock = clockOf(pretended);
	const say = json ? sayJson : sayWords;
	const claim = await claimState(options.toolbox.directory);
	try {
		const stop = stopSignal();
		if (options.isolation === 'none') {
			await runTogether(options, {config, clock, stop, say});
		} else {
			const domains = await SeparateDomains.start(options, {clock, say, hardening});
			try {
				await run(domains, options, {config, clock, stop, say});
			} finally {
				await domains.close();
			}
		}
	} finally {
		await claim.release();
	}
}

function clockOf({pretendTime, pretendTimeFile}: Pick<ServeOptions, 'pretendTime' | 'pretendTimeFile'>): Clock {
	if (pretendTimeFile !== undefined) {
		return clockOfFile(pretendTimeFile);
	}

	return pretendTime === undefined ? systemClock : clockPretending(pretendTime);
}

/** All domains in this process. */
async function runTogether(options: GatewayOptions, surroundings: Surroundings): Promise<void> {
	const {clock, say} = surroundings;
	const running = await openGateway(options, {clock});
	const webhook = postAlerts(running, options);
	try {
		const {adminSocket} = options;
		const admin =
			adminSocket === undefined
				? undefined
				: await AdminServer.open(
						adminSocket,
						adminSource(userSource(running, webhook), running),
						originCommands(running.origins),
					);
		try {
			watchGateway(running, say);
			say('isolation', {mode: 'none'});
			const lost = running.lost.then((domain) => `${domain}-lost`);
			await run({...running, adminSocket: admin?.socketPath, lost}, options, surroundings);
		} finally {
			await admin?.close();
		}
	} finally {
		webhook?.close();
		await running.close();
	}
}

type Surroundings = {
	/** Path of the configuration. */
	readonly config: string;
	readonly clock: Clock;
	readonly stop: Promise<string>;
	readonly say: Say;
};

/** What runs, in this process or in several. */
type Served = Pick<
	RunningGateway,
	'listening' | 'suites' | 'mediaReport' | 'cmsProvider' | 'reloadTemplates' | 'close'
> & {
	readonly adminSocket: string | undefined;
	/** Why it cannot go on. */
	readonly lost: Promise<string>;
};

async function run(served: Served, options: GatewayOptions, {config, clock, stop, say}: Surroundings): Promise<void> {
	const onHangUp = () => void reload(served, config, say);
	process.on('SIGHUP', onHangUp);
	if (clock !== systemClock) {
		say('PRETENDED-TIME', {
			now: new Date(clock.wallMs()).toISOString(),
			warning: 'Freshness and certificates are judged by a clock that is wrong. For tests only.',
		});
	}

	const {listening, suites, adminSocket, mediaReport, cmsProvider} = served;
	say('media-plane', {...mediaReport});
	say('smime', {provider: cmsProvider});
	say('listening', {
		sip: listening.map(({transport, address, port}) => `${transport}:${address}:${port}`),
		media: options.media.interfaces.map(({name, address}) => `${name}:${address}`),
		suites,
		ledger: options.toolbox.directory,
		openssl: process.versions.openssl,
		...(adminSocket === undefined ? {} : {adminSocket}),
	});
	const reason = await Promise.race([stop, served.lost]);
	say('stopping', {reason});
	process.exitCode = reason.endsWith('-lost') ? 1 : 0;
	process.off('SIGHUP', onHangUp);
	await served.close();
	say('stopped', {});
}

/** Reads the configuration again for its templates (SIGHUP). What is wrong with it is said, and what was in force stays. */
async function reload(served: Served, config: string, say: Say): Promise<void> {
	try {
		const {toolbox} = readConfiguration(config);
		say('templates-reloaded', await served.reloadTemplates(toolbox.templates ?? []));
	} catch (error) {
		say('failure', {code: error instanceof SallyportError ? error.code : 'INTERNAL'});
	}
}

function stopSignal(): Promise<string> {
	return new Promise((resolve) => {
		for (const signal of ['SIGINT', 'SIGTERM'] as const) {
			process.on(signal, () => resolve(signal));
		}

		// A program that started us over a channel is gone.
		process.once('disconnect', () => resolve('parent-gone'));
		process.channel?.unref();
		if (process.connected === false) {
			resolve('parent-gone');
		}

		// Calls go on where nobody reads the events any more.
		process.stdout.on('error', () => {});
	});
}

function sayJson(event: string, figures: Readonly<Record<string, unknown>>): void {
	process.stdout.write(`${JSON.stringify({at: new Date().toISOString(), event, ...figures})}\n`);
}

function sayWords(event: string, figures: Readonly<Record<string, unknown>>): void {
	const words = Object.entries(figures).map(
		([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
	);
	process.stdout.write(`${new Date().toISOString()} ${event} ${words.join(' ')}\n`);
}
