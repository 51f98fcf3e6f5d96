import type {AdminSource} from '../../control/admin-server.js';
import type {ToolboxRequest} from '../../trusted/toolbox/protocol.js';
import type {Toolbox} from '../../trusted/toolbox/toolbox.js';
import {boundedInteger, type UserQuestion} from '../gateway-events.js';

/** The operator's door is the toolbox's: what he changes is trusted, and of calls the user process is asked. */
export function operatorSource(
	toolbox: () => Toolbox | undefined,
	askUser: (what: UserQuestion) => Promise<unknown>,
): AdminSource {
	const read = (request: ToolboxRequest) => toolbox()?.handle(request);
	const numberOf = (query: URLSearchParams, name: string, otherwise: number, maximum: number) =>
		boundedInteger(query.get(name), otherwise, maximum);
	return {
		calls: () => askUser('calls'),
		statistics: () => askUser('statistics'),
		counters: async () => Object.assign({}, await askUser('counters'), {alerts: toolbox()?.alertCounters}),
		alerts: async (query) => {
			const afterSequence = numberOf(query, 'after', 0, Number.MAX_SAFE_INTEGER);
			const reply = await read({kind: 'read-alerts', afterSequence, limit: 1000});
			return reply?.verdict === 'alerts' ? reply.alerts : [];
		},
		origins: (query) => toolbox()?.origins.list(query.get('after') ?? '', numberOf(query, 'limit', 100, 1000)) ?? [],
		work: () => toolbox()?.workCounters ?? {},
		ledger: async (query) => {
			const reply = await read({kind: 'read-ledger', limit: Math.max(1, numberOf(query, 'limit', 100, 1000))});
			return reply?.verdict === 'ledger' ? reply.entries : [];
		},
	};
}
