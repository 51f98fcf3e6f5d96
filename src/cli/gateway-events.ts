import {SallyportError} from '../base/error.js';
import type {AdminSource} from '../control/admin-server.js';
import {AlertWebhook, type AlertWebhookManners} from '../control/alert-webhook.js';
import type {GatewayOptions} from '../gateway/gateway-options.js';
import type {RunningGateway} from '../gateway/open-gateway.js';

/** Prints an event, or has it printed. */
export type Say = (event: string, figures: Readonly<Record<string, unknown>>) => void;

/** Says what happens in a gateway. */
export function watchGateway({gateway}: RunningGateway, say: Say): void {
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

/** Posts alerts where the options say so. */
export function postAlerts(
	{gateway}: RunningGateway,
	{alertWebhook}: Pick<GatewayOptions, 'alertWebhook'>,
	onSettled?: AlertWebhookManners['onSettled'],
): AlertWebhook | undefined {
	const webhook = alertWebhook && new AlertWebhook(alertWebhook, onSettled && {onSettled});
	if (webhook !== undefined) {
		gateway.on('alert', (alert) => webhook.offer(alert));
	}

	return webhook;
}

/** What the admin socket reads of the toolbox, wherever that is. */
export type ToolboxReader = {
	readonly alertCounters?: (() => unknown) | undefined;
	readonly readAlerts: (afterSequence: number, limit: number) => unknown;
	readonly readOrigins: (after: string, limit: number) => unknown;
	readonly readWork: () => unknown;
	readonly readLedger: (limit: number) => unknown;
};

/** What the admin socket shows of a gateway. */
export function adminSource(user: UserSource, toolbox: ToolboxReader): AdminSource {
	return {
		...user,
		counters: async () => Object.assign({}, await user.counters(), {alerts: toolbox.alertCounters?.()}),
		alerts: (query) => toolbox.readAlerts(boundedInteger(query.get('after'), 0, Number.MAX_SAFE_INTEGER), maxItems),
		origins: (query) => toolbox.readOrigins(query.get('after') ?? '', limitOf(query)),
		work: () => toolbox.readWork(),
		ledger: (query) => toolbox.readLedger(limitOf(query)),
	};
}

/** The part of it that the user domain knows. */
export function userSource({gateway}: RunningGateway, webhook: AlertWebhook | undefined): UserSource {
	return {
		calls: () => gateway.calls,
		statistics: () => gateway.readStatistics(),
		counters: () => ({...gateway.counters, webhook: webhook?.counters}),
	};
}

export type UserQuestion = 'calls' | 'statistics' | 'counters';

export type UserSource = Readonly<Record<UserQuestion, () => unknown>>;

function limitOf(query: URLSearchParams): number {
	return Math.max(1, boundedInteger(query.get('limit'), 100, maxItems));
}

function boundedInteger(text: string | null, otherwise: number, maximum: number): number {
	const value = text === null || text === '' ? otherwise : Number(text);
	return Number.isInteger(value) && value >= 0 ? Math.min(value, maximum) : otherwise;
}

const maxItems = 1000;
