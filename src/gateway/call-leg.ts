import type {Dialog} from '../core/sip/dialog.js';
import type {IncomingRequest} from '../io/sip/incoming-request.js';
import {type HangingUp, sendBye} from './hang-up.js';
import type {LegName} from './leg-media.js';

/** One side of a call as the user part knows it: a dialog. No keys. */
export class CallLeg {
	readonly name: LegName;
	dialog: Dialog | undefined;
	#mayHangUp: Promise<void> = Promise.resolve();

	constructor(name: LegName) {
		this.name = name;
	}

	/** Who answered an INVITE sends no BYE before its ACK has come or is given up (RFC 3261 §15). */
	awaitAck(incoming: IncomingRequest): void {
		this.#mayHangUp = new Promise((resolve) => {
			for (const event of ['ack', 'ack-timeout', 'transport-error'] as const) {
				incoming.once(event, () => resolve());
			}
		});
	}

	/** Ends the dialog where there is one; resolves when the peer has answered, or is given up. Safe twice. */
	async hangUp(hangingUp: Omit<HangingUp, 'leg'>): Promise<void> {
		await this.#mayHangUp;
		await sendBye({...hangingUp, leg: this.name}, this.dialog);
	}
}
