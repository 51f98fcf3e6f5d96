import {MessageChannel} from 'node:worker_threads';
import {MediaClient} from '../trusted/media/media-client.js';
import {MediaDomain} from '../trusted/media/media-domain.js';
import {MediaPlane, type MediaPlaneOptions} from '../trusted/media/media-plane.js';
import type {ToolboxOptions} from '../trusted/toolbox/policy/toolbox-options.js';
import {Toolbox} from '../trusted/toolbox/toolbox.js';
import {ToolboxClient} from '../trusted/toolbox/toolbox-client.js';
import {ToolboxDomain} from '../trusted/toolbox/toolbox-domain.js';

/** The user domain's ends of the ports to the two others, and how to end them all. */
export type TrustedDomains = {
	readonly toolbox: ToolboxClient;
	readonly media: MediaClient;
	close(): Promise<void>;
};

/**
 * Starts toolbox and media domain in this process and joins the three by message ports: user to toolbox, user to media, and
 * media to toolbox, whose ends the user domain does not keep. Rejects as `Toolbox.open` and `MediaPlane.open` do, with
 * nothing left open.
 */
export async function startTrustedDomains(options: {
	readonly toolbox: ToolboxOptions;
	readonly media: MediaPlaneOptions;
	readonly maxCalls: number;
}): Promise<TrustedDomains> {
	const toolbox = await Toolbox.open(options.toolbox);
	let plane: MediaPlane;
	try {
		plane = MediaPlane.open(options.media);
	} catch (error) {
		await toolbox.close();
		throw error;
	}

	const toolboxDomain = new ToolboxDomain(toolbox);
	const toToolbox = new MessageChannel();
	const toMedia = new MessageChannel();
	const keys = new MessageChannel();
	toolboxDomain.attachUser(toToolbox.port1);
	toolboxDomain.attachMedia(keys.port1);
	const mediaDomain = new MediaDomain({
		plane,
		user: toMedia.port1,
		toolbox: keys.port2,
		maxCalls: options.maxCalls,
	});
	const toolboxClient = new ToolboxClient(toToolbox.port2);
	const mediaClient = new MediaClient(toMedia.port2);
	return {
		toolbox: toolboxClient,
		media: mediaClient,
		async close() {
			await mediaDomain.close();
			await plane.close();
			mediaClient.close();
			toolboxClient.close();
			toolboxDomain.close();
			await toolbox.close();
		},
	};
}
