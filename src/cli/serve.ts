import process from 'node:process';
import type {Command} from 'commander';
import {SallyportError} from '../base/error.js';
import {AdminServer} from '../control/admin-server.js';
import type {GatewayOptions} from '../gateway/gateway-options.js';
import {openGateway, type RunningGateway} from '../gateway/open-gateway.js';
import {readConfiguration} from './configuration-file.js';

/** `sallyport serve`: the gateway as a daemon, until SIGINT or SIGTERM. */
export function registerServeCommand(program: Command): void {
	program
		.command('serve')
		.description('run the gateway until it is told to stop (SIGINT, SIGTERM)')
		.requiredOption('-c, --config <file>', 'YAML configuration, see docs/configuration.md')
		.option('--json', 'print events as JSON, one to a line')
		.action(async ({config, json = false}: {config: string; json?: boolean}) => {
			const options = readConfiguration(config);
			await serve(options, json);
		});
}

async function serve(options: GatewayOptions, isJson: boolean): Promise<void> {
	const running = await openGateway(options);
	let admin: AdminServer | undefined;
	try {
		admin =
			options.adminSocket === undefined ? undefined : await AdminServer.open(options.adminSocket, adminSource(running));
	} catch (error) {
		await running.close();
		throw error;
	}

	const say = isJson ? sayJson : sayWords;
	watch(running, say);
	const {listening, suites} = running;
	say('listening', {
		sip: listening.map(({transport, address, port}) => `${transport}:${address}:${port}`),
		media: options.media.address,
		suites,
		ledger: options.toolbox.directory,
		openssl: process.versions.openssl,
		...(admin === undefined ? {} : {adminSocket: admin.socketPath}),
	});
	const reason = await new Promise<string>((resolve) => {
		for (const signal of ['SIGINT', 'SIGTERM'] as const) {
			process.once(signal, () => {
				resolve(signal);
			});
		}
	});
	say('stopping', {reason});
	await admin?.close();
	await running.close();
	say('stopped', {});
}

type Say = (event: string, figures: Readonly<Record<string, unknown>>) => void;

function watch({gateway}: RunningGateway, say: Say): void {
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

function adminSource(running: RunningGateway): Record<string, (query: URLSearchParams) => unknown> {
	return {
		calls: () => running.gateway.calls,
		statistics: () => running.gateway.readStatistics(),
		counters: () => running.gateway.counters,
		alerts: (query) => running.readAlerts(boundedInteger(query.get('after'), 0, Number.MAX_SAFE_INTEGER), 1000),
		ledger: (query) => running.readLedger(boundedInteger(query.get('limit'), 100, 1000)),
	};
}

function boundedInteger(text: string | null, otherwise: number, maximum: number): number {
	const value = Number(text ?? otherwise);
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
