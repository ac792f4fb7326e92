# boostvsod on the CPU. For CUDA: --build-arg TORCH=https://download.pytorch.org/whl/cu126
FROM python:3.11-slim
ARG TORCH=https://download.pytorch.org/whl/cpu
# libraries that OpenCV's wheel expects of the system
RUN apt-get update && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir torch --index-url "$TORCH"
COPY pyproject.toml README.md LICENSE /src/
COPY boostvsod /src/boostvsod
COPY adapters /src/adapters
COPY plugins /src/plugins
RUN pip install --no-cache-dir /src && rm -rf /src
WORKDIR /data
ENTRYPOINT ["boostvsod"]
