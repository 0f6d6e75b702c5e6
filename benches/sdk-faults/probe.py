"""One streamed request with a Python SDK; prints what the app is told, in a few words."""

import sys
import time

sdk, url, fault = sys.argv[1:4]
headers = {"x-gatetap-fault": fault}
began = time.monotonic()


def told() -> str:
    text, finish = "", None
    if sdk == "openai":
        import openai

        client = openai.OpenAI(base_url=f"{url}/v1", api_key="test-key-0000", timeout=2, max_retries=1, default_headers=headers)
        stream = client.chat.completions.create(
            model="deepseek-v4-flash", stream=True, messages=[{"role": "user", "content": "hi"}]
        )
        for chunk in stream:
            for choice in chunk.choices:
                text += choice.delta.content or ""
                finish = choice.finish_reason or finish
    else:
        import anthropic

        client = anthropic.Anthropic(base_url=url, api_key="test-key-0000", timeout=2, max_retries=1, default_headers=headers)
        with client.messages.stream(
            model="claude-haiku-4-5", max_tokens=64, messages=[{"role": "user", "content": "hi"}]
        ) as stream:
            for piece in stream.text_stream:
                text += piece
            finish = stream.get_final_message().stop_reason
    return f"{len(text)} characters, finish {finish}"


try:
    result = told()
except Exception as error:  # noqa: BLE001: whatever it is, it is what the app is told
    result = type(error).__name__
print(f"{result} ({time.monotonic() - began:.1f} s)".replace("|", "/"))
