/** What `run` resolves to for each item, in their order. Begins them in that order and keeps as many going as there are `places`. */
export async function sideBySide(items, places, run) {
	const outcomes = [];
	const waiting = items.entries();
	const place = async () => {
		for (const [index, item] of waiting) {
			outcomes[index] = await run(item);
		}
	};

	await Promise.all(Array.from({length: places}, place));
	return outcomes;
}
