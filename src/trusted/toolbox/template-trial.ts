import {SallyportError} from '../../base/error.js';
import {filterInbound} from './filter-inbound.js';
import {filterOutbound} from './filter-outbound.js';
import type {Denial, FilterInbound, FilterOutbound, Outbound, Release} from './protocol.js';
import type {ToolboxState} from './toolbox-state.js';

/**
 * Runs one template over one message, whatever policy would have chosen: for the operator who tries it, never for the user domain.
 * Rejects with `SallyportError` TEMPLATE_NAME where there is none of that name for messages in that direction.
 */
export async function tryTemplate(
	state: ToolboxState,
	name: string,
	request: FilterInbound | FilterOutbound,
): Promise<Release | Outbound | Denial> {
	const direction = request.kind === 'filter-inbound' ? 'inbound' : 'outbound';
	const template = state.templates.get(name);
	if (template?.about !== 'message' || template.direction !== direction) {
		throw new SallyportError(
			'TEMPLATE_NAME',
			`Expected the name of an ${direction} template for messages, got ${name}.`,
		);
	}

	return request.kind === 'filter-inbound'
		? filterInbound(state, request, template)
		: filterOutbound(state, request, template);
}
