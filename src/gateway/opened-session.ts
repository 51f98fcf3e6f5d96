import {ok, type Result} from '../base/result.js';
import {readSession, type SessionView} from '../core/offer-answer/index.js';
import type {FilterInbound, Release} from '../trusted/toolbox/protocol.js';
import type {MessageFilter} from './message-filter.js';
import {failed, type Refusal, refusalOf, refuse} from './refusal.js';

/** What a peer sent and the toolbox released. */
export type OpenedSession = {
	readonly release: Release;
	readonly session: SessionView;
};

/** Lets the toolbox open what a peer sent, and reads the SDP of handles that it releases. */
export async function openSession(
	filter: Pick<MessageFilter, 'filterInbound'>,
	request: Omit<FilterInbound, 'kind'>,
): Promise<Result<OpenedSession, Refusal>> {
	const filtered = await filter.filterInbound(request);
	if (filtered.verdict === 'denial') {
		return failed(refusalOf(filtered));
	}

	const session = readSession(filtered.sdp);
	return session.ok
		? ok({release: filtered, session: session.value})
		: failed(refuse(488, 'Not Acceptable Here', session.failure.code));
}
