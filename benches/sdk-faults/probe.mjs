// One streamed request with a JavaScript SDK; prints what the app is told, in a few words.
const [sdk, url, fault] = process.argv.slice(2);
const headers = { 'x-gatetap-fault': fault };
const messages = [{ role: 'user', content: 'hi' }];
const model = 'deepseek-v4-flash';
const began = performance.now();
let text = '';
let finish = null;

async function openai() {
  const { default: OpenAI } = await import('openai');
  const client = new OpenAI({
    baseURL: `${url}/v1`, apiKey: 'test-key-0000', timeout: 2000, maxRetries: 1, defaultHeaders: headers,
  });
  for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
    for (const choice of chunk.choices ?? []) {
      text += choice.delta?.content ?? '';
      finish = choice.finish_reason ?? finish;
    }
  }
}

async function anthropic() {
  const { default: Anthropic } = await import('@anthropic-ai/sdk');
  const client = new Anthropic({
    baseURL: url, apiKey: 'test-key-0000', timeout: 2000, maxRetries: 1, defaultHeaders: headers,
  });
  const stream = client.messages.stream({ model: 'claude-haiku-4-5', max_tokens: 64, messages });
  stream.on('text', (piece) => { text += piece; });
  finish = (await stream.finalMessage()).stop_reason;
}

async function ai() {
  const { streamText } = await import('ai');
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  const gateway = createOpenAICompatible({ name: 'gatetap', baseURL: `${url}/v1`, apiKey: 'test-key-0000', headers });
  let failed;
  const result = streamText({
    model: gateway(model), messages, maxRetries: 1, onError: ({ error }) => { failed = error; },
  });
  for await (const piece of result.textStream) text += piece;
  if (failed) throw failed;
  finish = await result.finishReason;
}

let told;
const out = new Promise((resolve) => setTimeout(() => resolve('nothing, for 4 s'), 4000));
try {
  const asked = { openai, anthropic, ai }[sdk]().then(() => `${text.length} characters, finish ${finish}`);
  told = await Promise.race([asked, out]);
} catch (error) {
  told = error?.constructor?.name ?? 'Error';
}
console.log(`${told} (${((performance.now() - began) / 1000).toFixed(1)} s)`.replaceAll('|', '/'));
process.exit(0);
