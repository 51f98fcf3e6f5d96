import process from 'node:process';
import type {Command} from 'commander';
import {type Clock, systemClock} from '../base/clock.js';
import {SallyportError} from '../base/error.js';
import {AdminServer, type AdminSource} from '../control/admin-server.js';
import {AlertWebhook} from '../control/alert-webhook.js';
import type {GatewayOptions} from '../gateway/gateway-options.js';
import {openGateway, type RunningGateway} from '../gateway/open-gateway.js';
import {clockOfFile} from './clock-file.js';
import {readConfiguration} from './configuration-file.js';
import {originCommands} from './origin/origin-commands.js';
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
	const options = readConfiguration(config);
	const clock = clockOf(pretended);
	const claim = await claimState(options.toolbox.directory);
	try {
		const running = await openGateway(options, {clock});
		try {
			await run(running, options, clock, json ? sayJson : sayWords, config);
		} finally {
			await running.close();
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

async function run(
	running: RunningGateway,
	options: GatewayOptions,
	clock: Clock,
	say: Say,
	config: string,
): Promise<void> {
	const onHangUp = () => void reload(running, config, say);
	process.on('SIGHUP', onHangUp);
	const webhook = options.alertWebhook && new AlertWebhook(options.alertWebhook);
	const stop = stopSignal();
	const admin =
		options.adminSocket === undefined
			? undefined
			: await AdminServer.open(options.adminSocket, adminSource(running), originCommands(running.origins));
	try {
		watch(running, say);
		if (webhook !== undefined) {
			running.gateway.on('alert', (alert) => webhook.offer(alert));
		}

		if (clock !== systemClock) {
			say('PRETENDED-TIME', {
				now: new Date(clock.wallMs()).toISOString(),
				warning: 'Freshness and certificates are judged by a clock that is wrong. For tests only.',
			});
		}

		const {listening, suites, mediaReport} = running;
		say('media-plane', {...mediaReport});
		say('listening', {
			sip: listening.map(({transport, address, port}) => `${transport}:${address}:${port}`),
			media: options.media.interfaces.map(({name, address}) => `${name}:${address}`),
			suites,
			ledger: options.toolbox.directory,
			openssl: process.versions.openssl,
			...(admin === undefined ? {} : {adminSocket: admin.socketPath}),
		});
		const reason = await Promise.race([stop, running.lost.then((domain) => `${domain}-lost`)]);
		say('stopping', {reason});
		process.exitCode = reason.endsWith('-lost') ? 1 : 0;
	} finally {
		process.off('SIGHUP', onHangUp);
		await admin?.close();
		webhook?.close();
	}

	await running.close();
	say('stopped', {});
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

/** Reads the configuration again for its templates (SIGHUP). What is wrong with it is said, and what was in force stays. */
async function reload(running: RunningGateway, config: string, say: Say): Promise<void> {
	try {
		const {toolbox} = readConfiguration(config);
		say('templates-reloaded', await running.reloadTemplates(toolbox.templates ?? []));
	} catch (error) {
		say('failure', {code: error instanceof SallyportError ? error.code : 'INTERNAL'});
	}
}

type Say = (event: string, figures: Readonly<Record<string, unknown>>) => void;

function watch({gateway}: RunningGateway, say: Say): void {
	gateway.on('alert', (alert) => say('alert', {...alert}));
	gateway.on('call-established', (summary) => say('call-established', {...summary}));
	gateway.on('call-refused', ({call, caller, callee}, {status, reason}) =>
		say('call-refused', {call, caller, callee, status, reason}),
	);
	gateway.on('call-ended', ({call, caller, callee}, reason, legs) =>
		say('call-ended', {call, caller, callee, reason, legs}),
	);
	gateway.on('media', (event) => say(`media-${event.kind}`, {...event}));
	gateway.on('failure', (error) => say('failure', {code: error instanceof SallyportError ? error.code : 'INTERNAL'}));
}

function adminSource(running: RunningGateway): AdminSource {
	return {
		calls: () => running.gateway.calls,
		statistics: () => running.gateway.readStatistics(),
		counters: () => running.gateway.counters,
		alerts: (query) => running.readAlerts(boundedInteger(query.get('after'), 0, Number.MAX_SAFE_INTEGER), 1000),
		origins: (query) => running.readOrigins(query.get('after') ?? '', boundedInteger(query.get('limit'), 100, 1000)),
		ledger: (query) => running.readLedger(boundedInteger(query.get('limit'), 100, 1000)),
	};
}

function boundedInteger(text: string | null, otherwise: number, maximum: number): number {
	const value = text === null || text === '' ? otherwise : Number(text);
	return Number.isInteger(value) && value >= 0 ? Math.min(value, maximum) : otherwise;
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
