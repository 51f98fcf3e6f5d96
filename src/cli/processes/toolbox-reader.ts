import type {Toolbox} from '../../trusted/toolbox/toolbox.js';
import type {ToolboxReader} from '../gateway-events.js';

/** Reads for the admin socket of a toolbox in this process; before it is open there is nothing to read. */
export function toolboxReader(toolbox: () => Toolbox | undefined): ToolboxReader {
	return {
		alertCounters: () => toolbox()?.alertCounters,
		readAlerts: async (afterSequence, limit) => {
			const reply = await toolbox()?.handle({kind: 'read-alerts', afterSequence, limit});
			return reply?.verdict === 'alerts' ? reply.alerts : [];
		},
		readOrigins: (after, limit) => toolbox()?.origins.list(after, limit) ?? [],
		readWork: () => toolbox()?.workCounters ?? {},
		readLedger: async (limit) => {
			const reply = await toolbox()?.handle({kind: 'read-ledger', limit});
			return reply?.verdict === 'ledger' ? reply.entries : [];
		},
	};
}
